#include "server/security/unix_users.h"

#include <pwd.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/security/auth_metadata_processor.h"
#include "grpcpp/security/server_credentials.h"
#include "server/security/identity.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

// The name of the user, or its number if it has none.
std::string NameOf(uid_t user) {
  passwd entry = {};
  passwd* found = nullptr;
  std::vector<char> buffer(size_t{16} << 10);
  if (getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return entry.pw_name;
  return absl::StrCat(user);
}

}  // namespace

// Runs before each call of a connection. The properties belong to the connection, and its other calls read them without
// a lock, but only after they have been here: so the first call adds the property, and no other one.
class UnixUsers::Processor final : public grpc::AuthMetadataProcessor {
 public:
  void Set(std::string identity) {
    const absl::MutexLock lock(&mutex_);
    identity_ = std::move(identity);
  }

  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& /*metadata*/, grpc::AuthContext* context, OutputMetadata* /*consumed*/,
                       OutputMetadata* /*response*/) override {
    const absl::MutexLock lock(&mutex_);
    if (context->FindPropertyValues(kUnixIdentityProperty).empty()) {
      context->AddProperty(kUnixIdentityProperty, identity_);
    }
    return grpc::Status::OK;
  }

 private:
  absl::Mutex mutex_;
  std::string identity_ ABSL_GUARDED_BY(mutex_);
};

UnixUsers::UnixUsers(const AccessControl& access, grpc::ServerBuilder& builder) : access_(access), users_(kMost + 1) {
  for (User& user : users_) {
    user.processor = std::make_shared<Processor>();
    const std::shared_ptr<grpc::ServerCredentials> credentials = grpc::experimental::LocalServerCredentials(UDS);
    credentials->SetAuthMetadataProcessor(user.processor);
    user.acceptor = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials);
  }
  users_[0].processor->Set(kUnnamed);
}

UnixUsers::~UnixUsers() = default;

UnixUsers::Acceptor* UnixUsers::For(int socket) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return nullptr;
  const auto known = std::find(known_.begin(), known_.end(), peer.uid);
  const size_t place = 1 + static_cast<size_t>(known - known_.begin());
  if (known != known_.end()) return users_[place].acceptor.get();
  std::string identity = absl::StrCat("unix:", NameOf(peer.uid));
  if (!access_.Names(identity)) return users_[0].acceptor.get();
  if (place == users_.size()) {
    static absl::Time next_warning;  // used only by the accepting thread
    if (const absl::Time now = absl::Now(); now >= next_warning) {
      next_warning = now + absl::Seconds(10);
      spdlog::warn(
          "{} is refused: {} users have connected to the Unix socket, and there is no room for more until the "
          "next start",
          identity, kMost);
    }
    return nullptr;
  }
  known_.push_back(peer.uid);
  users_[place].processor->Set(std::move(identity));
  return users_[place].acceptor.get();
}

}  // namespace armstate
