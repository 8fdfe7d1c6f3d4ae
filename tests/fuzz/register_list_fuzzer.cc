// libFuzzer: any bytes as the IDs and values of a register list. The first byte is the number of IDs, which follow.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/register_list.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || (size - 1) / 8 < data[0]) return 0;
  std::vector<uint64_t> ids(data[0]);
  if (!ids.empty()) memcpy(ids.data(), data + 1, 8 * ids.size());
  const std::string values(reinterpret_cast<const char*>(data) + 1 + 8 * ids.size(), size - 1 - 8 * ids.size());
  const absl::StatusOr<armstate::RegisterList> list = armstate::RegisterList::Create(ids, values);
  if (!list.ok()) return 0;
  std::string together;
  for (size_t i = 0; i < list->size(); ++i) {
    if (list->value(i).size() != list->id(i).width() || list->Find(list->id(i)) != list->value(i)) abort();
    if (i > 0 && !(list->id(i - 1) < list->id(i))) abort();
    together.append(list->value(i).data(), list->value(i).size());
  }
  if (together != values) abort();
  return 0;
}
