"""Offers cut down to what a telephone speaks: PCMU, so that nobody recodes in the middle."""

PCMU = "0"


def pcmu_only(sdp: str) -> str:
    """The offer with PCMU as the audio's only codec; as it stands when it has no PCMU."""
    lines = sdp.replace("\r\n", "\n").split("\n")
    audio, kept = False, list[str]()
    for line in lines:
        if line.startswith("m="):
            audio = line.startswith("m=audio ")
            media, formats = line.split(" ")[:3], line.split(" ")[3:]
            if audio and PCMU not in formats:
                return sdp
            kept.append(" ".join([*media, PCMU]) if audio else line)
        elif not (audio and _is_about_another(line)):
            kept.append(line)
    return "\r\n".join(kept)


def _is_about_another(line: str) -> bool:
    for attribute in ("a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"):
        if line.startswith(attribute):
            return line.removeprefix(attribute).split(" ", 1)[0] != PCMU
    return False
