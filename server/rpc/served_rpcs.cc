#include "server/rpc/served_rpcs.h"

#include "absl/strings/str_cat.h"
#include "armstate/v1/admin_service.grpc.pb.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "armstate/v1/engine_service.grpc.pb.h"
#include "armstate/v1/host_service.grpc.pb.h"
#include "armstate/v1/restore_service.grpc.pb.h"

namespace armstate {

absl::Span<const char* const> ServedServices() {
  static constexpr const char* kServices[] = {
      v1::CheckpointService::service_full_name(), v1::RestoreService::service_full_name(),
      v1::EngineService::service_full_name(), v1::HostService::service_full_name(),
      v1::AdminService::service_full_name()};
  return kServices;
}

std::vector<ServedRpc> ServedRpcs() {
  std::vector<ServedRpc> rpcs;
  for (const char* name : ServedServices()) {
    const google::protobuf::ServiceDescriptor* const service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    for (int i = 0; i < service->method_count(); ++i) {
      rpcs.push_back({absl::StrCat("/", name, "/", service->method(i)->name()), service->method(i)});
    }
  }
  return rpcs;
}

}  // namespace armstate
