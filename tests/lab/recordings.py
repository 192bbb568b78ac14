"""The shipped recordings, in the order of the captures' README."""

from tests.lab.recording import Recording
from tests.lab.recordings_breaks import MIDSESSION, MIRROR_IMAGE, OTHER_PROTOCOLS
from tests.lab.recordings_sessions import CAPTURES_OF_PARTS, HEALTHY, MORE_VERSIONS, OVER_IPV6, SEED
from tests.lab.recordings_start import CLOSED_EARLY, HALF_STARTED, NO_ANSWER

RECORDINGS: tuple[Recording, ...] = (
    *SEED,
    *HEALTHY,
    *MORE_VERSIONS,
    *NO_ANSWER,
    *CLOSED_EARLY,
    *HALF_STARTED,
    *MIDSESSION,
    *MIRROR_IMAGE,
    *OTHER_PROTOCOLS,
    *CAPTURES_OF_PARTS,
    *OVER_IPV6,
)
