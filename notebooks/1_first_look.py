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
# # A first look at a release
#
# What is in it, what a number means, how to read a table and draw it. If there is no release on this machine yet, run
# `clearing-point demo` once: it makes one of synthetic data.

# %%
import clearing_point as cp

cp.releases()

# %%
release = cp.open_release()
release

# %%
release.indicators()[["indicator", "title", "variables", "cells", "hidden_cells"]]

# %% [markdown]
# Every table is a tidy frame. A number that may not be shown is `<NA>` and says why in a column of its own: nothing is a
# magic number.

# %%
identified = release.table("T01")
identified.frame.head(10)

# %%
identified.pivot("reference_year")

# %%
release.chart(identified)

# %% [markdown]
# What exactly is counted, and what was done to protect people?

# %%
release.explain("T01")

# %%
release.help("territory")
