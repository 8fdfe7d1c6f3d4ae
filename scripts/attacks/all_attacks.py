"""Every attack, in the order in which they are made."""

from . import (damaged_values, frame_floods, full_streams, full_volume, garbage, half_messages, headers_only, hidden_messages, hoarded_answers, hostile_texts, huge_checkpoints,
               idle_connections, judging, lost_log, replaced_folder, reset_streams, retries, searches, slow_deletes, slow_handshakes, unread_answers, watchers, wrong_flags)

ALL = (
    garbage.Garbage, hostile_texts.HostileTexts, wrong_flags.WrongFlags, retries.Retries, huge_checkpoints.HugeCheckpoints,
    lost_log.LostLog, replaced_folder.ReplacedFolder, damaged_values.DamagedValues, full_volume.FullVolume,
    idle_connections.IdleConnections, slow_handshakes.SlowHandshakes, reset_streams.ResetStreams, frame_floods.FrameFloods, unread_answers.UnreadAnswers, hoarded_answers.HoardedAnswers, headers_only.HeadersOnly,
    half_messages.HalfMessages, hidden_messages.HiddenMessages, full_streams.FullStreams, watchers.Watchers, searches.Searches, slow_deletes.SlowDeletes, judging.Judging,
)
