"""What the parent and the warm process say to each other; neither a job nor a result goes this way."""

import struct

LAUNCH = struct.Struct("<cdQ")  # b"J", CPU seconds, bytes of memory beyond the warm interpreter
STARTED = struct.Struct("<i")  # process id, sent with a pidfd
ENDED = struct.Struct("<idQ")  # wait status, CPU seconds, peak resident bytes
MESSAGE_BYTES = 64 * 1024  # of one datagram: far more than setup and errors need
