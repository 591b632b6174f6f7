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
# # Flows: inside a country, inside the region, out of it
#
# The country of exploitation is often the country where a person was first assisted. Read directions with care, and small
# origins not at all: they are protected.

# %%
import clearing_point as cp

release = cp.open_release()

# %%
flows = release.crosstab(["reference_year", "flow"], population="persons_identified")
flows.pivot("reference_year")

# %%
release.chart(flows, x="reference_year", series="flow")

# %% [markdown]
# Nationals, foreigners and stateless persons among the assisted, in the region.

# %%
relation = release.crosstab(["reference_year", "victim_relation"], population="persons_assisted")
relation.pivot("reference_year")

# %%
release.table("T06").pivot("reference_year")

# %% [markdown]
# Plain SQL works too, read-only, on views named after the indicators. A sum over cells of which some are hidden is smaller than
# the number that is printed for all: take the printed total, and count what is hidden beside it.

# %%
release.sql(
    "SELECT reference_year, max(value) FILTER (flow = 'Total') AS persons, count(*) FILTER (suppressed) AS hidden_cells "
    "FROM T09 GROUP BY ALL ORDER BY 1"
)
