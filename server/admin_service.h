// armstate.v1.AdminService.
#ifndef ARMSTATE_SERVER_ADMIN_SERVICE_H_
#define ARMSTATE_SERVER_ADMIN_SERVICE_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "armstate/v1/admin_service.grpc.pb.h"
#include "server/decoded_service.h"
#include "server/worker_thread.h"
#include "storage/checkpoint_repository.h"
#include "storage/rocksdb_storage.h"

namespace armstate {

// Its calls take long, so they have threads of their own: one for the backups, of which there is one at a time, and one
// for what only reads.
//
// Thread-safe.
class AdminServiceImpl final : public DecodedService<v1::AdminService> {
 public:
  // Both must outlive it. `backup_dir` is empty if there is none.
  AdminServiceImpl(CheckpointRepository& checkpoints, RocksDbStorage& storage, std::string backup_dir,
                   absl::Time start_time)
      : checkpoints_(checkpoints), storage_(storage), backup_dir_(std::move(backup_dir)), start_time_(start_time) {
    OnUnary(&AdminServiceImpl::GetStatistics);
    OnUnary(&AdminServiceImpl::CreateBackup);
    OnUnary(&AdminServiceImpl::ListBackups);
  }

  grpc::ServerUnaryReactor* GetStatistics(grpc::CallbackServerContext* context, const v1::GetStatisticsRequest* request,
                                          v1::Statistics* response) override;
  grpc::ServerUnaryReactor* CreateBackup(grpc::CallbackServerContext* context, const v1::CreateBackupRequest* request,
                                         v1::Backup* response) override;
  grpc::ServerUnaryReactor* ListBackups(grpc::CallbackServerContext* context, const v1::ListBackupsRequest* request,
                                        v1::ListBackupsResponse* response) override;

 private:
  absl::StatusOr<v1::Backup> Create(const std::function<bool()>& cancelled);
  absl::StatusOr<v1::ListBackupsResponse> List(const v1::ListBackupsRequest& request);

  CheckpointRepository& checkpoints_;
  RocksDbStorage& storage_;
  const std::string backup_dir_;
  const absl::Time start_time_;
  WorkerThread reads_{64};
  WorkerThread backups_{1};
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_ADMIN_SERVICE_H_
