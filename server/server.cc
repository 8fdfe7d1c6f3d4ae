#include "server/server.h"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/types/optional.h"
#include "core/error.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "proto/host_port.h"
#include "server/audit/audit_log.h"
#include "server/audit/audited_calls.h"
#include "server/bound_listener.h"
#include "server/hosts/registry.h"
#include "server/machines/registry.h"
#include "server/metrics/metrics_endpoint.h"
#include "server/metrics/rpc_metrics.h"
#include "server/metrics/store_metrics.h"
#include "server/process/backup_folder.h"
#include "server/process/encryption_key.h"
#include "server/process/listener.h"
#include "server/process/memory_division.h"
#include "server/process/private_folder.h"
#include "server/process/write_health.h"
#include "server/profiles/registry.h"
#include "server/retention/sweeper.h"
#include "server/rpc/call_workers.h"
#include "server/rpc/request_decoding.h"
#include "server/rpc/served_rpcs.h"
#include "server/security/unix_users.h"
#include "server/server_files.h"
#include "server/services/admin_service.h"
#include "server/services/checkpoint_service.h"
#include "server/services/engine_service.h"
#include "server/services/host_service.h"
#include "server/services/restore_service.h"
#include "spdlog/spdlog.h"
#include "storage/rocksdb/storage.h"

namespace armstate {
namespace {

// How long the connection of a silent client is kept.
constexpr int kHandshakeTimeoutMs = 20'000;
constexpr int kMaxIdleMs = 10 * 60 * 1000;
// A client that has calls but reads nothing is sent an HTTP/2 ping after this time, and disconnected if it does not
// answer within the same time again.
constexpr int kKeepaliveMs = 20'000;
// The limit for one connection; further calls wait at the client. RFC 9113, 6.5.2 recommends no fewer. Each call takes
// some 14 KiB before its request arrives.
constexpr int kMaxStreams = 100;
// The memory that a connection may take with them, which determines how many connections are kept when memory is short.
constexpr size_t kMemoryPerConnection = size_t{2} << 20;
// gRPC still counts calls for a moment that a client has reset: all of them, and as many new ones, are no fault.
constexpr int kMostCalls = 2 * kMaxStreams + kMaxStreams / 2;
// Of --memory_limit, the calls that wait for their message take at most 0.7%. Ending twenty of them takes a
// millisecond.
constexpr size_t kMemoryPerWaitingCall = size_t{2} << 20;
// Only gRPC's own server reflection uses a thread for each call.
constexpr int kMaxThreads = 8;

// RocksDB starts a line with its level: "[WARN] ...".
spdlog::level::level_enum LevelOfRocksDb(absl::string_view line) {
  if (absl::StartsWith(line, "[FATAL]")) return spdlog::level::critical;
  return absl::StartsWith(line, "[ERROR]") ? spdlog::level::err : spdlog::level::warn;
}

// Done before anything is created or read in it, since others could have changed it.
void MakePrivateAndLog(const std::string& option, const std::string& folder,
                       absl::Span<const absl::string_view> subfolders) {
  const Privacy privacy = MakePrivate(folder, subfolders);
  if (privacy.mended > 0) {
    spdlog::warn("{} {}: other users could read {} files and folders there; now they cannot", option, folder,
                 privacy.mended);
  }
  for (const std::string& open : privacy.open) spdlog::warn("{}: {}", option, open);
}

void LogEncryption(const ServerOptions& options, const StorageOptions& used, const RocksDbStorage& storage) {
  if (used.encryption_key) {
    spdlog::info("records are encrypted with data key {}, which is wrapped by the key {}", storage.data_key(),
                 used.encryption_key->id());
  } else if (options.unencrypted) {
    spdlog::info("records are not encrypted on disk, as --unencrypted says: {}", options.data_dir);
  } else {
    spdlog::warn(
        "records are not encrypted on disk: who can read {} or a backup has the keys of guests. --encryption_key_file "
        "encrypts them; --unencrypted says that they need not be",
        options.data_dir);
  }
}

}  // namespace

// Members are ordered by their dependencies: the gRPC server is destroyed first, the store last.
class Server::Impl {
 public:
  Impl(std::unique_ptr<RocksDbStorage> storage, std::unique_ptr<ProfileRegistry> profiles,
       std::unique_ptr<MachineRegistry> machines, std::unique_ptr<HostRegistry> hosts, ServerFiles files,
       std::unique_ptr<AuditLog> audit_log, const ServerOptions& options, const MemoryDivision& memory)
      : storage_(std::move(storage)),
        profiles_(std::move(profiles)),
        machines_(std::move(machines)),
        hosts_(std::move(hosts)),
        files_(std::move(files)),
        workers_(memory.calls,
                 {memory.transport / 2, options.memory_limit / kMemoryPerConnection, options.memory_limit / 4 * 3,
                  kMostCalls, static_cast<int64_t>(options.memory_limit / kMemoryPerWaitingCall)},
                 *files_.access),
        checkpoints_(
            storage_->checkpoints(), options.clock,
            [this](std::function<void()> task) { workers_.pushes.Run("", std::move(task)); }, memory.base_cache),
        restore_targets_(checkpoints_, *profiles_, *hosts_),
        history_(storage_->records(), checkpoints_),
        queries_(storage_->checkpoints(), checkpoints_, *machines_, *profiles_, workers_.memory, options.watch_patience,
                 memory.search_answers),
        checkpoint_service_(workers_, checkpoints_, *profiles_, files_.advice, history_, queries_),
        restore_service_(workers_, restore_targets_, files_.tolerances, files_.advice, history_),
        engine_service_(workers_, checkpoints_, *machines_, *profiles_),
        host_service_(workers_, *hosts_, *profiles_),
        admin_service_(
            workers_, checkpoints_, *storage_, options.backup_dir,
            [source = options.encryption_key] { return ReadEncryptionKey(source); }, absl::Now()),
        audit_(options.audit),
        audit_log_(std::move(audit_log)) {
    if (options.retention_sweep_interval > absl::ZeroDuration()) {
      sweeper_.emplace(checkpoints_, history_,
                       RetentionSweeper::Options{options.retention_sweep_interval, options.clock});
    }
  }

  // Must be called before Listen.
  absl::Status ServeMetrics(const std::string& address) {
    const absl::StatusOr<HostPort> parsed = ParseHostPort(address, kDefaultMetricsPort);
    if (!parsed.ok()) return Annotate(parsed.status(), "--metrics");
    absl::StatusOr<std::unique_ptr<MetricsEndpoint>> endpoint = MetricsEndpoint::Start(*parsed);
    if (!endpoint.ok()) return endpoint.status();
    metrics_ = *std::move(endpoint);
    metrics_->Add(std::make_shared<StoreMetrics>(checkpoints_, *storage_));
    return absl::OkStatus();
  }

  absl::Status Listen(BoundListener bound, const MemoryDivision& memory) {
    absl::MutexLock lock(&shutdown_mutex_);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    Listener::Acceptors acceptors = AddAcceptors(builder, bound.has_unix);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kMaxIdleMs);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveMs);
    grpc::ResourceQuota quota("armstated");
    builder.SetResourceQuota(quota.Resize(memory.transport).SetMaxThreads(kMaxThreads));
    builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
    builder.SetMaxSendMessageSize(kMaxResponseBytes);
    // Otherwise 16 KiB would grow to 16 MiB, which ConnectionGuard would count as received.
    builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
    builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
    builder.RegisterService(&checkpoint_service_);
    builder.RegisterService(&restore_service_);
    builder.RegisterService(&engine_service_);
    builder.RegisterService(&host_service_);
    builder.RegisterService(&admin_service_);
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
    if (metrics_ != nullptr) interceptors.push_back(std::make_unique<RpcMetrics>(metrics_->registry()));
    if (audit_log_ != nullptr) interceptors.push_back(std::make_unique<AuditedCalls>(*audit_log_, audit_));
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return absl::UnavailableError("gRPC does not start");
    grpc::HealthCheckServiceInterface& health = *server_->GetHealthCheckService();
    health.SetServingStatus(kReadiness, false);
    health.SetServingStatus(kLiveness, true);
    for (const char* service : ServedServices()) health.SetServingStatus(service, true);
    listener_ = std::move(bound.listener);
    address_ = std::move(bound.address);
    port_ = bound.port;
    listener_->Start(std::move(acceptors), workers_.connections);
    write_health_.emplace(
        health,
        std::vector<std::string>{"", v1::CheckpointService::service_full_name(), v1::EngineService::service_full_name(),
                                 v1::HostService::service_full_name()},
        [this] { return storage_->CheckWritable(); }, [this] { return queries_.CanSearch(); });
    return absl::OkStatus();
  }

  int port() const { return port_; }
  int metrics_port() const { return metrics_ == nullptr ? 0 : metrics_->port(); }
  const std::string& address() const { return address_; }

  absl::Status Shutdown(absl::Time deadline) {
    absl::MutexLock lock(&shutdown_mutex_);
    if (server_ == nullptr) return absl::OkStatus();
    write_health_.reset();
    // Load balancers see the change before calls start to fail.
    if (grpc::HealthCheckServiceInterface* const health = server_->GetHealthCheckService()) {
      health->SetServingStatus("", false);
      health->SetServingStatus(kReadiness, false);
      for (const char* service : ServedServices()) health->SetServingStatus(service, false);
    }
    if (listener_ != nullptr) listener_->Stop();
    if (sweeper_) sweeper_->Stop();
    checkpoint_service_.Drain();
    queries_.EndWatches();
    server_->Shutdown(absl::ToChronoTime(deadline));
    server_->Wait();
    server_.reset();
    metrics_.reset();
    // From now on, readers that are still active, such as the search index, get the error that the store is not open.
    return storage_->Close();
  }

 private:
  Listener::Acceptors AddAcceptors(grpc::ServerBuilder& builder, bool has_unix) {
    if (has_unix) unix_users_.emplace(*files_.access, builder);
    tcp_acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, files_.credentials);
    return [this](int socket) { return IsUnix(socket) ? unix_users_->For(socket) : tcp_acceptor_.get(); };
  }

  std::unique_ptr<RocksDbStorage> storage_;
  std::unique_ptr<ProfileRegistry> profiles_;
  std::unique_ptr<MachineRegistry> machines_;
  std::unique_ptr<HostRegistry> hosts_;
  const ServerFiles files_;
  CallWorkers workers_;
  CheckpointRepository checkpoints_;
  const RestoreTargets restore_targets_;
  RestoreHistory history_;
  QueryRpcs queries_;
  CheckpointServiceImpl checkpoint_service_;
  RestoreServiceImpl restore_service_;
  EngineServiceImpl engine_service_;
  HostServiceImpl host_service_;
  AdminServiceImpl admin_service_;
  absl::optional<RetentionSweeper> sweeper_;
  std::string address_;
  int port_ = 0;
  std::unique_ptr<MetricsEndpoint> metrics_;
  const AuditOptions audit_;
  const std::unique_ptr<AuditLog> audit_log_;  // null: none
  absl::optional<UnixUsers> unix_users_;
  std::unique_ptr<Listener::Acceptor> tcp_acceptor_;
  absl::Mutex shutdown_mutex_;
  std::unique_ptr<grpc::Server> server_ ABSL_GUARDED_BY(shutdown_mutex_);
  std::unique_ptr<Listener> listener_;
  absl::optional<WriteHealth> write_health_;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options) {
  LogProtobuf();
  if (options.data_dir.empty()) return absl::InvalidArgumentError("data_dir is empty: name a folder");
  absl::StatusOr<ServerFiles> files = ServerFiles::Load(options);
  if (!files.ok()) return files.status();
  std::unique_ptr<AuditLog> audit_log;
  if (!options.audit.file.empty()) {
    const auto durability = options.audit.is_required ? AuditLog::Durability::kSynced : AuditLog::Durability::kWritten;
    absl::StatusOr<std::unique_ptr<AuditLog>> log = AuditLog::Open(options.audit.file, durability);
    if (!log.ok()) return log.status();
    audit_log = *std::move(log);
  }
  // Before anything is created; clients that connect wait until the server has started.
  absl::StatusOr<BoundListener> bound = Bind(options);
  if (!bound.ok()) return bound.status();
  if (!options.backup_dir.empty()) {
    if (absl::Status status = CheckBackupFolder(options.backup_dir, options.data_dir); !status.ok()) return status;
  }
  absl::StatusOr<std::unique_ptr<ProfileRegistry>> profiles = ProfileRegistry::BuiltIn();
  if (!profiles.ok()) return profiles.status();
  if (absl::Status status = RocksDbStorage::CheckDataDir(options.data_dir); !status.ok()) return status;
  MakePrivateAndLog("--data_dir", options.data_dir, {});
  if (!options.backup_dir.empty()) MakePrivateAndLog("--backup_dir", options.backup_dir, kBackupFolders);
  const MemoryDivision memory(options.memory_limit);
  StorageOptions storage_options;
  storage_options.block_cache_bytes = memory.block_cache;
  storage_options.record_cache_bytes = memory.record_cache;
  storage_options.waiting_write_bytes = memory.waiting_writes;
  storage_options.memtable_bytes = memory.memtables;
  storage_options.log = [](absl::string_view event) {
    spdlog::log(LevelOfRocksDb(event), "rocksdb: {}", std::string(event));
  };
  storage_options.encryption_key = std::move(files->encryption_key);
  absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open(options.data_dir, storage_options);
  if (!storage.ok()) return storage.status();
  LogEncryption(options, storage_options, **storage);
  RecordStore& records = (*storage)->records();
  auto machines = std::make_unique<MachineRegistry>(records, **profiles);
  absl::StatusOr<std::unique_ptr<HostRegistry>> hosts = HostRegistry::Open(records, **profiles, *machines);
  if (!hosts.ok()) return hosts.status();
  auto impl = std::make_unique<Impl>(*std::move(storage), *std::move(profiles), std::move(machines), *std::move(hosts),
                                     *std::move(files), std::move(audit_log), options, memory);
  if (!options.metrics_address.empty()) {
    if (absl::Status status = impl->ServeMetrics(options.metrics_address); !status.ok()) return status;
  }
  if (absl::Status status = impl->Listen(*std::move(bound), memory); !status.ok()) return status;
  return std::unique_ptr<Server>(new Server(std::move(impl)));  // std::make_unique cannot call the private constructor
}

absl::Status Server::Check(const ServerOptions& options) {
  if (absl::Status status = CheckListenAddress(options); !status.ok()) return status;
  return ServerFiles::Load(options).status();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  if (absl::Status status = Shutdown(absl::Now()); !status.ok()) spdlog::error("{}", std::string(status.message()));
}

int Server::port() const { return impl_->port(); }

int Server::metrics_port() const { return impl_->metrics_port(); }

const std::string& Server::address() const { return impl_->address(); }

absl::Status Server::Shutdown(absl::Time deadline) { return impl_->Shutdown(deadline); }

}  // namespace armstate
