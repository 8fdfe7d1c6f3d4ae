// LogGrpc sends what gRPC logs to armstated's log.
#ifndef ARMSTATE_SERVER_PROCESS_GRPC_LOG_H_
#define ARMSTATE_SERVER_PROCESS_GRPC_LOG_H_

namespace armstate {

// gRPC would write to standard error by itself, a line for each TLS handshake that fails: clients could fill the disk.
// At most one of its errors a second is logged, with the number of those that were left out. Must be called before
// gRPC starts.
void LogGrpc();

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_GRPC_LOG_H_
