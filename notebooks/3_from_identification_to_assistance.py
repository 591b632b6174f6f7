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
# # From identification to assistance: where are people lost?
#
# Identified is not assisted. The gap is the first thing to ask a country about, and the last to explain without it: people refuse
# help for many reasons, and some were never offered any. Territories differ in who identifies and how: they stand in the order of
# the table and in no rank. The last year is not over: twelve months must have passed.

# %%
import matplotlib.pyplot as plt

import clearing_point as cp
from clearing_point.halves import percent_text, rounded

release = cp.open_release()

# %%
reached = release.crosstab(["territory", "assisted_within_12_months"], where={"reference_year": release.edition - 1})
wide = reached.frame.pivot(index="territory", columns="assisted_within_12_months", values="value")
rate = (100 * wide["Y"] / wide["Total"]).where(wide["Total"] >= 20).dropna()
rate.map(rounded).rename("assisted within a year, %")

# %%
words = reached.labels["territory"]
ordered = rate.drop("Total", errors="ignore").astype(float)[::-1]
figure, axes = plt.subplots(figsize=(6, 3.5))
axes.plot(ordered.to_numpy(), [words[t] for t in ordered.index], "o", color="#17405f")
if "Total" in rate:
    axes.axvline(float(rate["Total"]), color="grey", linestyle="--", label=f"region {percent_text(rate['Total'] / 100)}")
    axes.legend(frameon=False)
axes.set_xlim(0, 100)
axes.set_xlabel("per cent of identified victims" + (" (synthetic data)" if release.made_data else ""))
axes.spines[["top", "right"]].set_visible(False)
figure.tight_layout()

# %% [markdown]
# Which kinds of service reached how many persons?

# %%
services = release.crosstab(["reference_year", "service_group"], population="persons_assisted")
services.pivot("reference_year")

# %%
release.explain("T03")
