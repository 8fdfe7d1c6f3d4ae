#include "storage/repository/layout_cache.h"

namespace armstate {
namespace {

// About 12 MB of layouts. A fleet has a few dozen kinds of vCPU with up to 2000 registers each; more than this is an
// attack or a test, and then the cache is cleared.
constexpr size_t kMaxRegisters = size_t{1} << 20;

}  // namespace

absl::StatusOr<LayoutCache::Layout> LayoutCache::Find(absl::string_view hash) {
  {
    absl::MutexLock lock(&mutex_);
    if (const auto it = layouts_.find(hash); it != layouts_.end()) return it->second;
  }
  const absl::StatusOr<std::string> bytes = store_.GetLayout(hash);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<Layout> layout = DecodeLayout(*bytes, hash);
  if (layout.ok()) Put(hash, *layout);
  return layout;
}

bool LayoutCache::IsKnown(absl::string_view hash) {
  absl::MutexLock lock(&mutex_);
  return layouts_.contains(hash);
}

void LayoutCache::Put(absl::string_view hash, const Layout& layout) {
  absl::MutexLock lock(&mutex_);
  if (registers_ + layout->size() > kMaxRegisters) {
    layouts_.clear();
    registers_ = 0;
  }
  if (layouts_.emplace(hash, layout).second) registers_ += layout->size();
}

}  // namespace armstate
