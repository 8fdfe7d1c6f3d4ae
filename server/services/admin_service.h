// AdminServiceImpl implements armstate.v1.AdminService.
#ifndef ARMSTATE_SERVER_SERVICES_ADMIN_SERVICE_H_
#define ARMSTATE_SERVER_SERVICES_ADMIN_SERVICE_H_

#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "armstate/v1/admin_service.grpc.pb.h"
#include "server/rpc/call_workers.h"
#include "server/rpc/decoded_service.h"
#include "storage/encryption/data_keys.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"

namespace armstate {

// Thread-safe.
class AdminServiceImpl final : public DecodedService<v1::AdminService> {
 public:
  // Reads the key that wraps the database's keys; see ReadEncryptionKey.
  using ReadKey = std::function<absl::StatusOr<WrappingKey>()>;

  // The first three arguments must outlive the object. `backup_dir` is empty if the server has none.
  AdminServiceImpl(CallWorkers& workers, CheckpointRepository& checkpoints, RocksDbStorage& storage,
                   std::string backup_dir, ReadKey read_key, absl::Time start_time)
      : DecodedService(workers),
        checkpoints_(checkpoints),
        storage_(storage),
        backup_dir_(std::move(backup_dir)),
        read_key_(std::move(read_key)),
        start_time_(start_time) {
    OnUnary(workers.judging, &AdminServiceImpl::Collect);
    OnUnary(workers.backups, &AdminServiceImpl::Create);
    OnUnary(workers.reads, &AdminServiceImpl::List);
    OnUnary(workers.backups, &AdminServiceImpl::Rotate);
  }

 private:
  absl::StatusOr<v1::Statistics> Collect(const v1::GetStatisticsRequest& request, const StopCheck& stop);
  absl::StatusOr<v1::Backup> Create(const v1::CreateBackupRequest& request, const StopCheck& stop);
  absl::StatusOr<v1::ListBackupsResponse> List(const v1::ListBackupsRequest& request);
  absl::StatusOr<v1::RotateEncryptionKeyResponse> Rotate(const v1::RotateEncryptionKeyRequest& request);

  CheckpointRepository& checkpoints_;
  RocksDbStorage& storage_;
  const std::string backup_dir_;
  const ReadKey read_key_;
  const absl::Time start_time_;
  std::atomic<bool> backing_up_ = false;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SERVICES_ADMIN_SERVICE_H_
