"""`nightbell triage prove`: proves the library and says what to mend."""

from nightbell.core.clock import process_now
from nightbell.run.settings import Settings
from nightbell.triage.library import load_library
from nightbell.triage.protocol import ProtocolRefused
from nightbell.triage.prove import proof_text, prove_library


def main(settings: Settings) -> int:
    """0 when everything is proved, 1 when something is to mend."""
    try:
        library = load_library()
    except ProtocolRefused as refused:
        print(refused)
        return 1
    findings = prove_library(library, on=process_now().date())
    print(proof_text(library, findings))
    return 1 if findings else 0
