"""Where the jobs of the desk are found, for a process that must not import them."""

PRELOAD = ("clearing_point.desk.lifeline", "clearing_point.desk.stem", "pipelines.desk_stem")
RUN = "pipelines.desk:run"
