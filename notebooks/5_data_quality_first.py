# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Data quality before conclusions
#
# A rise may be better recording. Before a sentence is written: who sent what, what changed in how they count, how much is not
# known, and how much is hidden.

# %%
import clearing_point as cp
from clearing_point.halves import rounded

release = cp.open_release()

# %%
release.sql(
    "PIVOT (SELECT territory, reference_year, coverage FROM coverage) ON reference_year USING any_value(coverage) ORDER BY territory"
)

# %% [markdown]
# Breaks: a sender that changed its definition or its way of counting.

# %%
release.sql("SELECT * FROM break")

# %% [markdown]
# Not known, in per cent of everybody, per table and year, where it may be said.

# %%
unknown = release.sql(
    """
    SELECT i.indicator_id AS indicator, d.variable, c.label AS unknown_is
    FROM category AS c JOIN dimension AS d USING (indicator_id, variable) JOIN indicator AS i USING (indicator_id)
    WHERE c.kind = 'unknown' ORDER BY 1, 2
    """
)
unknown["share in the newest year"] = [release.explain(name).unknown_share for name in unknown["indicator"]]
unknown

# %% [markdown]
# What protection cost: the tables that hide most, and a coarser request that loses less.

# %%
cost = release.indicators()
cost["hidden, %"] = (100 * cost["hidden_cells"] / cost["cells"]).map(rounded)
cost.sort_values("hidden, %", ascending=False)[["indicator", "title", "cells", "hidden, %"]].head(8)

# %%
fine = release.crosstab(["territory", "sex"], where={"reference_year": release.edition}, population="persons_identified")
fine

# %% [markdown]
# Every output can be asked again: from its file, by its release number.

# %%
cp.reproduce(fine)
