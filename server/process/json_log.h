// `LogAsJson` makes the log one JSON object per line, for programs that collect logs.
#ifndef ARMSTATE_SERVER_PROCESS_JSON_LOG_H_
#define ARMSTATE_SERVER_PROCESS_JSON_LOG_H_

namespace armstate {

// Each line of the default logger has "time" (UTC, as RFC 3339 has it), "level" (debug, info, warning, error, critical)
// and "message". Must be called before other threads log.
void LogAsJson();

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_JSON_LOG_H_
