#include "server/security/unix_users.h"

#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/security/auth_metadata_processor.h"
#include "grpcpp/security/server_credentials.h"
#include "server/security/identity.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

// With the name of the user, or its number if it has none.
std::string IdentityOfUser(uid_t user) {
  passwd entry = {};
  passwd* found = nullptr;
  std::vector<char> buffer(size_t{16} << 10);
  const bool has_name = getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
  return has_name ? absl::StrCat("unix:", entry.pw_name) : absl::StrCat("unix:", user);
}

// 0 if it is closed.
ino_t InodeOf(int socket) {
  struct stat status = {};
  return fstat(socket, &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

template <typename Connections>
void ForgetClosed(Connections& connections) {
  connections.erase(
      std::remove_if(connections.begin(), connections.end(),
                     [](const auto& connection) { return InodeOf(connection.socket) != connection.inode; }),
      connections.end());
}

void LogRefusal(absl::string_view identity, absl::string_view why) {
  static absl::Time next_warning;  // used only by the accepting thread
  const absl::Time now = absl::Now();
  if (now < next_warning) return;
  next_warning = now + absl::Seconds(10);
  spdlog::warn("{} is refused: {}", std::string(identity), std::string(why));
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

UnixUsers::UnixUsers(AccessControl& access, grpc::ServerBuilder& builder, absl::Duration rest)
    : access_(access), rest_(rest), places_(kMost + 3) {
  for (Place& place : places_) {
    place.processor = std::make_shared<Processor>();
    const std::shared_ptr<grpc::ServerCredentials> credentials = grpc::experimental::LocalServerCredentials(UDS);
    credentials->SetAuthMetadataProcessor(place.processor);
    place.acceptor = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials);
  }
  places_[0].processor->Set(kUnnamed);
  places_[0].is_reserved = true;
  const uid_t reserved[] = {geteuid(), 0};
  for (size_t i = 0; i < std::size(reserved); ++i) {
    Take(places_[i + 1], reserved[i]);
    places_[i + 1].is_reserved = true;
  }
  access_.SetOnChange([this] { HangUpOnNamed(); });
}

UnixUsers::~UnixUsers() { access_.SetOnChange(nullptr); }

UnixUsers::Acceptor* UnixUsers::For(int socket) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? For(peer.uid, socket) : nullptr;
}

UnixUsers::Acceptor* UnixUsers::For(uid_t user, int socket) {
  const absl::MutexLock lock(&mutex_);
  Place* const place = PlaceOf(user);
  if (place == nullptr) return nullptr;
  if (place->connections.size() >= place->most_connections) {
    ForgetClosed(place->connections);
    place->most_connections = 2 * place->connections.size() + 16;
  }
  place->connections.push_back({user, socket, InodeOf(socket)});
  place->left = absl::InfiniteFuture();
  return place->acceptor.get();
}

UnixUsers::Place* UnixUsers::PlaceOf(uid_t user) {
  const auto known =
      std::find_if(places_.begin(), places_.end(), [user](const Place& place) { return place.user == user; });
  if (known != places_.end()) return &*known;
  const std::string identity = IdentityOfUser(user);
  if (!access_.HasPolicy()) {
    LogRefusal(identity, "without --policy only root and the user of armstated may use its Unix socket");
    return nullptr;
  }
  if (!access_.Names(identity)) return &places_[0];
  const absl::Time now = absl::Now();
  Place* free = nullptr;
  for (Place& place : places_) {
    if (IsFree(place, now)) free = &place;  // all are looked at, so that their rest begins
  }
  if (free != nullptr) {
    Take(*free, user);
  } else {
    LogRefusal(identity, absl::StrCat("as many as ", kMost, " other users have connections to the Unix socket"));
  }
  return free;
}

bool UnixUsers::IsFree(Place& place, absl::Time now) const {
  if (place.is_reserved) return false;
  if (!place.user) return true;
  ForgetClosed(place.connections);
  if (!place.connections.empty()) return false;
  place.left = std::min(place.left, now);
  return now - place.left >= rest_;
}

void UnixUsers::Take(Place& place, uid_t user) {
  place.user = user;
  place.processor->Set(IdentityOfUser(user));
}

void UnixUsers::HangUpOnNamed() {
  const absl::MutexLock lock(&mutex_);
  std::vector<Connection>& unnamed = places_[0].connections;
  ForgetClosed(unnamed);
  for (const Connection& connection : unnamed) {
    if (access_.Names(IdentityOfUser(connection.user))) shutdown(connection.socket, SHUT_RDWR);
  }
}

}  // namespace armstate
