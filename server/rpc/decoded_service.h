// DecodedService is a base class of services that answers requests that cannot be decoded with a proper error.
#ifndef ARMSTATE_SERVER_RPC_DECODED_SERVICE_H_
#define ARMSTATE_SERVER_RPC_DECODED_SERVICE_H_

#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/message_allocator.h"
#include "grpcpp/support/server_callback.h"
#include "proto/secret_redaction.h"
#include "proto/status_conversion.h"
#include "server/rpc/call_workers.h"
#include "server/rpc/connection.h"
#include "server/rpc/memory_budget.h"
#include "server/rpc/request_decoding.h"
#include "server/rpc/request_parts.h"
#include "server/rpc/stop_check.h"
#include "server/rpc/worked_call.h"
#include "server/rpc/worker_pool.h"
#include "server/security/access_control.h"
#include "server/security/identity.h"
#include "server/security/rpc_rights.h"
#include "storage/memory_only_reads.h"

namespace armstate {

// Wraps a gRPC handler and answers requests that cannot be decoded itself: gRPC would answer UNIMPLEMENTED without a
// message.
//
// `RpcHandler` is one of gRPC's handler templates; `Reactor` is the return type of its function.
template <typename RpcHandler, typename Reactor, typename Request>
class DecodedHandler final : public grpc::internal::MethodHandler {
 public:
  using Refuse = Reactor* (*)(grpc::CallbackServerContext*, const grpc::Status&);

  DecodedHandler(RpcHandler handler, Refuse refuse) : handler_(std::move(handler)), refuse_(refuse) {}

  void* Deserialize(grpc_call* call, grpc_byte_buffer* bytes, grpc::Status* status, void** data) override {
    const absl::Status parts = bytes == nullptr || grpc_byte_buffer_length(bytes) <= kShortRequest
                                   ? absl::OkStatus()
                                   : CheckParts(BufferOf(bytes), *Request::descriptor());
    if (!parts.ok()) {
      // The handler cannot decode what replaces it either, and ends as it does then.
      grpc_byte_buffer_destroy(bytes);
      grpc_slice zero = grpc_slice_from_static_string("\1");
      bytes = grpc_raw_byte_buffer_create(&zero, 1);
    }
    ForgetInvalidText();
    void* const request = handler_.Deserialize(call, bytes, status, data);
    if (!status->ok()) {
      *status = ToGrpcStatus(parts.ok() ? Undecodable(Request::descriptor()->full_name()) : parts);
    }
    return request;
  }

  void RunHandler(const HandlerParameter& parameter) override {
    if (parameter.status.ok()) return handler_.RunHandler(parameter);
    const auto refuse = [&](grpc::CallbackServerContext* context, const auto*... /*request, response*/) {
      return refuse_(context, parameter.status);
    };
    // A handler is needed only until its RunHandler returns.
    RpcHandler(refuse).RunHandler({parameter.call, parameter.server_context, parameter.request, grpc::Status(),
                                   parameter.internal_data, parameter.call_requester});
  }

 private:
  // Refers to the same bytes.
  static grpc::ByteBuffer BufferOf(grpc_byte_buffer* bytes) {
    std::vector<grpc::Slice> slices;
    grpc_byte_buffer_reader reader;
    if (!grpc_byte_buffer_reader_init(&reader, bytes)) return {};
    grpc_slice slice;
    while (grpc_byte_buffer_reader_next(&reader, &slice)) slices.emplace_back(slice, grpc::Slice::STEAL_REF);
    grpc_byte_buffer_reader_destroy(&reader);
    return grpc::ByteBuffer(slices.data(), slices.size());
  }

  RpcHandler handler_;
  const Refuse refuse_;
};

// A generated service whose RPCs answer INVALID_ARGUMENT to requests that cannot be decoded, and PERMISSION_DENIED to
// those that their callers may not make. `RpcService` is the
// generated class. The constructor of the implementing class registers each RPC; an RPC that is not registered behaves
// as in gRPC.
//
// Example:
//   class VmServiceImpl final : public DecodedService<v1::VmService> {
//    public:
//     explicit VmServiceImpl(CallWorkers& workers) : DecodedService(workers) {
//       OnUnary(workers.reads, &VmServiceImpl::Get);
//       OnUnary(workers.writes, &VmServiceImpl::Delete);
//     }
//
//    private:
//     absl::StatusOr<v1::Vm> Get(const v1::GetVmRequest& request);
//     absl::StatusOr<google::protobuf::Empty> Delete(const v1::DeleteVmRequest& request);
template <typename RpcService>
class DecodedService : public RpcService::CallbackService {
 protected:
  // The workers must outlive the server.
  explicit DecodedService(CallWorkers& workers) : workers_(workers) {}

  CallWorkers& workers_;

  Access AccessOf(const grpc::CallbackServerContext& context) const {
    return Access(workers_.access, workers_.access.HasPolicy() ? IdentityOf(*context.auth_context()) : "");
  }

  // A thread of the pool calls the function, which may block.
  template <typename Service, typename Request, typename Response>
  void OnUnary(WorkerPool& pool, absl::StatusOr<Response> (Service::*rpc)(const Request&)) {
    OnWorked<Request, Response>(
        pool, [service = static_cast<Service*>(this), rpc](const Request& request, const StopCheck&, const Access&) {
          return (service->*rpc)(request);
        });
  }
  // The function leaves out what the caller may not read.
  template <typename Service, typename Request, typename Response>
  void OnUnary(WorkerPool& pool, absl::StatusOr<Response> (Service::*rpc)(const Request&, const Access&)) {
    OnWorked<Request, Response>(pool, [service = static_cast<Service*>(this), rpc](
                                          const Request& request, const StopCheck&, const Access& access) {
      return (service->*rpc)(request, access);
    });
  }
  template <typename Service, typename Request, typename Response>
  void OnUnary(WorkerPool& pool,
               absl::StatusOr<Response> (Service::*rpc)(const Request&, const StopCheck&, const Access&)) {
    OnWorked<Request, Response>(pool, [service = static_cast<Service*>(this), rpc](
                                          const Request& request, const StopCheck& stop, const Access& access) {
      return (service->*rpc)(request, stop, access);
    });
  }
  // The function polls `stop` from time to time.
  template <typename Service, typename Request, typename Response>
  void OnUnary(WorkerPool& pool, absl::StatusOr<Response> (Service::*rpc)(const Request&, const StopCheck&)) {
    OnWorked<Request, Response>(
        pool, [service = static_cast<Service*>(this), rpc](const Request& request, const StopCheck& stop,
                                                           const Access&) { return (service->*rpc)(request, stop); });
  }
  // The function fills the response in place, see WorkedCall. If everything that it reads is in memory, and it polls no
  // `stop`, it runs immediately on the calling thread; otherwise on the pool that `pool_of` returns for the request.
  template <typename PoolOf, typename Service, typename Request, typename Response>
  void OnRead(PoolOf pool_of,
              absl::Status (Service::*rpc)(const Request&, Response&, MemoryBudget::Share&, const StopCheck&),
              grpc::MessageAllocator<Request, Response>& messages) {
    OnReactor<Request, Response>(
        [this, pool_of, service = static_cast<Service*>(this), rpc](grpc::CallbackServerContext* context,
                                                                    const Request* request, Response* response) {
          const auto read = [=](const StopCheck& stop, MemoryBudget::Share& share) {
            absl::Status status = (service->*rpc)(*request, *response, share, stop);
            if (status.ok()) Redact(*request, *response);
            return status;
          };
          return WorkedCall::Begin(pool_of(*request), workers_, *context, *request, read,
                                   [&](MemoryBudget::Share& share) {
                                     const MemoryOnlyReads no_disk;
                                     return read(NotQuick, share);
                                   });
        },
        &messages);
  }

  // A gRPC thread calls the function, which must neither wait for the disk nor compute for long, since it would delay
  // all clients.
  template <typename Service, typename Request, typename Response>
  void OnAsyncUnary(grpc::ServerUnaryReactor* (Service::*rpc)(grpc::CallbackServerContext*, const Request*, Response*),
                    grpc::MessageAllocator<Request, Response>& messages) {
    OnReactor<Request, Response>([service = static_cast<Service*>(this), rpc](
                                     grpc::CallbackServerContext* context, const Request* request,
                                     Response* response) { return (service->*rpc)(context, request, response); },
                                 &messages);
  }

  // The server responds with a stream.
  template <typename Service, typename Request, typename Response>
  void OnServerStream(grpc::ServerWriteReactor<Response>* (Service::*rpc)(grpc::CallbackServerContext*,
                                                                          const Request*)) {
    using RpcHandler = grpc::internal::CallbackServerStreamingHandler<Request, Response>;
    Mark<RpcHandler, grpc::ServerWriteReactor<Response>, Request>(
        RpcHandler(
            [this, service = static_cast<Service*>(this), rpc](
                grpc::CallbackServerContext* context, const Request* request) -> grpc::ServerWriteReactor<Response>* {
              const absl::Status permitted = CheckRights(*context, *request);
              if (!permitted.ok()) return new Refusal<Response>(ToGrpcStatus(permitted));
              return (service->*rpc)(context, request);
            }),
        [](grpc::CallbackServerContext*, const grpc::Status& status) -> grpc::ServerWriteReactor<Response>* {
          return new Refusal<Response>(status);
        });
  }

  // Both sides stream. The reactor decodes the requests itself, with DecodeRequest, because gRPC treats a request that
  // cannot be decoded as the end of the stream. The RPC is therefore not the method of the generated class, whose
  // reactor receives messages, and checks the rights for each of them.
  template <typename Request, typename Service, typename Response>
  void OnBidirectionalStream(
      grpc::ServerBidiReactor<grpc::ByteBuffer, Response>* (Service::*rpc)(grpc::CallbackServerContext*)) {
    using RpcHandler = grpc::internal::CallbackBidiHandler<grpc::ByteBuffer, Response>;
    this->MarkMethodCallback(
        IndexOf(Request::descriptor()),
        new RpcHandler([service = static_cast<Service*>(this), rpc](grpc::CallbackServerContext* context) {
          return (service->*rpc)(context);
        }));
  }

 private:
  // Does not complete a call on gRPC's thread.
  static absl::Status NotQuick() { return absl::UnknownError("is not quick"); }

  template <typename Request, typename Response, typename Work>
  void OnWorked(WorkerPool& pool, Work work) {
    OnReactor<Request, Response>(
        [this, &pool, work](grpc::CallbackServerContext* context, const Request* request, Response* response) {
          const auto fill = [=, access = AccessOf(*context)](const StopCheck& stop, MemoryBudget::Share& share) {
            absl::StatusOr<Response> result = work(*request, stop, access);
            if (!result.ok()) return result.status();
            Redact(*request, *result);
            absl::Status status = share.AddAnswer(WorkedCall::HeldBytes(*result));
            if (status.ok()) *response = *std::move(result);
            return status;
          };
          return WorkedCall::Begin(pool, workers_, *context, *request, fill,
                                   [](MemoryBudget::Share&) { return NotQuick(); });
        },
        nullptr);
  }

  template <typename Request, typename Response, typename Rpc>
  void OnReactor(Rpc rpc, grpc::MessageAllocator<Request, Response>* messages) {
    using RpcHandler = grpc::internal::CallbackUnaryHandler<Request, Response>;
    RpcHandler handler([this, rpc = std::move(rpc)](grpc::CallbackServerContext* context, const Request* request,
                                                    Response* response) -> grpc::ServerUnaryReactor* {
      const absl::Status permitted = CheckRights(*context, *request);
      if (!permitted.ok()) return Refuse(*context, ToGrpcStatus(permitted));
      return rpc(context, request, response);
    });
    if (messages != nullptr) handler.SetMessageAllocator(messages);
    Mark<RpcHandler, grpc::ServerUnaryReactor, Request>(
        std::move(handler),
        [](grpc::CallbackServerContext* context, const grpc::Status& status) { return Refuse(*context, status); });
  }

  // That the caller may ask for secrets is among its rights.
  static void Redact(const google::protobuf::Message& request, google::protobuf::Message& response) {
    if (!AsksForSecrets(request)) RedactSecrets(response);
  }

  static grpc::ServerUnaryReactor* Refuse(grpc::CallbackServerContext& context, const grpc::Status& status) {
    grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }

  absl::Status CheckRights(const grpc::CallbackServerContext& context, const google::protobuf::Message& request) {
    absl::Status status = RpcRights::CheckCall(workers_.access, *context.auth_context(), request);
    // No WorkedCall will report the request.
    if (!status.ok()) workers_.connections.Complete(ConnectionOf(context), request.ByteSizeLong());
    return status;
  }

  template <typename Response>
  class Refusal final : public grpc::ServerWriteReactor<Response> {
   public:
    explicit Refusal(const grpc::Status& status) { this->Finish(status); }
    void OnDone() override { delete this; }
  };

  template <typename RpcHandler, typename Reactor, typename Request>
  void Mark(RpcHandler handler, typename DecodedHandler<RpcHandler, Reactor, Request>::Refuse refuse) {
    this->MarkMethodCallback(IndexOf(Request::descriptor()),
                             new DecodedHandler<RpcHandler, Reactor, Request>(std::move(handler), refuse));
  }

  // Every RPC has its own request type.
  static int IndexOf(const google::protobuf::Descriptor* request) {
    const google::protobuf::ServiceDescriptor* const service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(RpcService::service_full_name());
    for (int i = 0; i < service->method_count(); ++i) {
      if (service->method(i)->input_type() == request) return i;
    }
    std::abort();  // unreachable: the RPC would not compile
  }
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_DECODED_SERVICE_H_
