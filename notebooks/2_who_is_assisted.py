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
# # Who is found and assisted, and how that changed
#
# Sex, age and form of exploitation over the years. Shares are taken of what is known and shown, never of totals that hide a part.

# %%
import clearing_point as cp
from clearing_point.halves import rounded

release = cp.open_release()

# %%
sex = release.crosstab(["reference_year", "sex"], population="persons_identified")
sex.pivot("sex")

# %%
release.chart(sex, x="reference_year", series="sex")

# %% [markdown]
# The share of children, where both numbers are shown, in the order of the table: territories differ in who identifies
# and how, so this is no rank.

# %%
children = release.crosstab(["territory", "minor"], where={"reference_year": release.edition}, population="persons_identified")
wide = children.frame.pivot(index="territory", columns="minor", values="value")
known = wide["Y"] + wide["N"]
shares = (100 * wide["Y"] / known).where(known >= 20).dropna().map(rounded).rename("children, % of known")
shares

# %%
release.map("T13" if "T13" in set(release.indicators()["indicator"]) else "T01")

# %% [markdown]
# Forms of exploitation: a person may have several, so the numbers must not be added up.

# %%
forms = release.crosstab(["reference_year", "exploitation_form"], population="persons_identified")
forms.pivot("reference_year")

# %% [markdown]
# A question that is too fine is no error: it says what is lost and what to ask instead.

# %%
release.crosstab(["territory", "sex", "minor"], where={"reference_year": release.edition}, population="persons_identified")
