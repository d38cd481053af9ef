"""The head of the simulated study: what a current dipole in the brain does at the electrodes.

Lengths are in head radii, from the centre of a sphere fitted to the standard 10-05 montage.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from p300.recordings.montage import standard_montage

Array = npt.NDArray[np.float64]

REFERENCE = "A2"
"""The right ear lobe, as in BNCI Horizon 003-2015."""

# Berg & Scherg (1994): three dipoles in a homogeneous sphere, moved by mu and scaled by lambda,
# stand for one dipole in a sphere of brain, fluid, skull and scalp. The values are those that
# mne.make_sphere_model fits to its standard head (radii .90 .92 .97 1, 0.33 1 0.004 0.33 S/m).
_BERG_MU = (0.945068, 0.667997, -0.291579)
_BERG_LAMBDA = (0.136396, 0.684063, -0.0100889)


@cache
def _directions() -> dict[str, Array]:
    """Return the unit vector from the head's centre to every electrode of the 10-05 system."""
    places = standard_montage().get_positions()["ch_pos"]
    points = np.array(list(places.values()))
    # |p|^2 = 2 c.p + (R^2 - |c|^2) on a sphere of centre c: linear in c.
    system = np.column_stack([2 * points, np.ones(len(points))])
    centre = np.linalg.lstsq(system, (points**2).sum(axis=1), rcond=None)[0][:3]
    return {name: (p - centre) / np.linalg.norm(p - centre) for name, p in places.items()}


def known_electrodes() -> list[str]:
    """Return the names of all electrodes that the head has."""
    return list(_directions())


@cache
def scalp_electrodes() -> list[str]:
    """Return the electrodes of the upper head, Fpz and Oz included.

    Amplitudes are defined over these, so that they do not depend on the electrodes recorded.
    """
    return [name for name, direction in _directions().items() if direction[2] > -0.1]


def place(electrode: str, depth: float) -> Array:
    """Return the point beneath an electrode at a depth below the scalp (0 to 1, in head radii)."""
    return (1 - depth) * _directions()[electrode]


def scalp_potential(at: Array, positions: Array, moments: Array) -> Array:
    """Potential of current dipoles on the surface of a four-shell spherical head.

    Parameters
    ----------
    at
        [electrode, 3], unit vectors.
    positions
        [dipole, 3], inside the brain (length below 0.9, not 0).
    moments
        [dipole, 3], direction and strength.

    Returns
    -------
    [electrode, dipole], in arbitrary units, against infinity.

    Notes
    -----
    The homogeneous sphere is the closed form of Mosher, Leahy & Lewis (1999), IEEE Trans Biomed
    Eng 46(3):245-259; the four shells are three such dipoles (Berg & Scherg 1994,
    Electroencephalogr Clin Neurophysiol 90(1):58-64).
    """
    shells = zip(_BERG_MU, _BERG_LAMBDA, strict=True)
    total: Array = sum(
        (scale * _homogeneous_sphere(at, mu * positions, moments) for mu, scale in shells),
        start=np.zeros((len(at), len(positions))),
    )
    return total


def _homogeneous_sphere(at: Array, positions: Array, moments: Array) -> Array:
    """Mosher et al. (1999), for unit radius and without the factor 1 / (4 pi conductivity)."""
    d = np.linalg.norm(at[:, None] - positions, axis=2)  # [electrode, dipole]
    square = (positions**2).sum(axis=1)
    along = at @ positions.T
    c1 = (2 * (along - square) / d**3 + 1 / d - 1) / square
    c2 = (2 / d**3 + (d + 1) / (d * (d + 1 - along))) / square
    outward = (positions * moments).sum(axis=1)
    potential: Array = (c1 - c2 * along) * outward + c2 * square * (at @ moments.T)
    return potential


def topographies(electrodes: Sequence[str], positions: Array, moments: Array) -> Array:
    """Return the potential of dipoles at electrodes against the ear; [electrode, dipole]."""
    directions = _directions()
    at = np.array([directions[name] for name in (*electrodes, REFERENCE)])
    potential = scalp_potential(at, positions, moments)
    against_ear: Array = potential[:-1] - potential[-1]
    return against_ear
