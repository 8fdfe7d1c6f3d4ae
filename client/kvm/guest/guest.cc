#include "client/kvm/guest/guest.h"

namespace armstate {
namespace {

constexpr unsigned char kGuest[] = {
#include "client/kvm/guest/guest.inc"
};

}  // namespace

absl::string_view BuiltInGuest() { return absl::string_view(reinterpret_cast<const char*>(kGuest), sizeof(kGuest)); }

}  // namespace armstate
