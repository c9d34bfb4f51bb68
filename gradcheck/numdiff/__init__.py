"""Numerical derivatives with error bounds: no tolerance, no step size to choose.

Sources: Moré and Wild, "Estimating computational noise" (SIAM J. Sci. Comput. 33, 2011); Ridders,
"Accurate computation of F'(x) and F'(x) F''(x)" (Adv. Eng. Software 4, 1982) for the tableau.
"""

from gradcheck.numdiff.book import numerical_gradient
from gradcheck.numdiff.curve import directional_check, localise, localise_outputs, step_curve
from gradcheck.numdiff.direction import Directional
from gradcheck.numdiff.finding import Finding
from gradcheck.numdiff.gradient import gradient_check
from gradcheck.numdiff.localise import Located, bisect_entries
from gradcheck.numdiff.point import Vjp
from gradcheck.numdiff.site import Site, open_site

__all__ = [
    "Directional",
    "Finding",
    "Located",
    "Site",
    "Vjp",
    "bisect_entries",
    "directional_check",
    "gradient_check",
    "localise",
    "localise_outputs",
    "numerical_gradient",
    "open_site",
    "step_curve",
]
