// `RegisterId` is a 64-bit register ID of KVM; `CpregKey` is the 32-bit key of a coprocessor register.
//
//   bits 63-56  architecture: 0x40 ARM (AArch32), 0x60 ARM64
//   bits 55-52  log2 of the width in bytes: 0 (8 bits) to 8 (2048 bits)
//   bits 31-0   what the class says; bits 27-16 are the class
//
// Source: Linux, Documentation/virt/kvm/api.rst, 4.68 KVM_SET_ONE_REG. QEMU's lists also set private bit 29 in AArch32
// IDs (the non-secure or common copy of a banked register). An ID is kept bit for bit: nothing here clears a bit that
// it does not know.
//
// The name of a register depends on the origin of its list; see core/catalog.h.
#ifndef ARMSTATE_CORE_REGISTER_ID_H_
#define ARMSTATE_CORE_REGISTER_ID_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

enum class RegisterArchitecture : uint8_t { kArm = 0x40, kArm64 = 0x60 };

// Bits 27-16 of an ID. Below 0x10 an AArch32 ID has the number of the coprocessor (14, 15) there.
enum class RegisterClass : uint16_t {
  kCp14 = 14,
  kCp15 = 15,
  kCore = 0x10,
  kDemux = 0x11,     // cache size registers, selected by CSSELR
  kVfp = 0x12,       // AArch32 only
  kSystem = 0x13,    // AArch64 only
  kFirmware = 0x14,  // PSCI version, workaround levels
  kSve = 0x15,       // AArch64 only
  kFirmwareFeatureBitmap = 0x16,
};

// One register's ID. Always of a known architecture and with a legal width; any class.
class RegisterId {
 public:
  // INVALID_ARGUMENT, reason REGISTER_ID_INVALID, if the architecture or the width is not one of the above.
  static absl::StatusOr<RegisterId> Create(uint64_t raw);

  // For IDs known at compile time; an invalid one does not compile.
  template <uint64_t raw>
  static constexpr RegisterId Known() {
    static_assert(IsValid(raw), "not a register ID");
    return RegisterId(raw);
  }

  // AArch64 system register op0..op2, always 64 bits wide.
  static constexpr RegisterId System(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2) {
    return RegisterId(0x6030'0000'0013'0000 | (op0 & 3) << 14 | (op1 & 7) << 11 | (crn & 15) << 7 | (crm & 15) << 3 |
                      (op2 & 7));
  }
  // AArch32 coprocessor register of 32 bits (MRC), and of 64 bits (MRRC). Bit 29 is clear.
  static constexpr RegisterId Cp32(unsigned coprocessor, unsigned opc1, unsigned crn, unsigned crm, unsigned opc2) {
    return RegisterId(0x4020'0000'0000'0000 | (coprocessor & 15) << 16 | (crn & 15) << 11 | (crm & 15) << 7 |
                      (opc1 & 15) << 3 | (opc2 & 7));
  }
  static constexpr RegisterId Cp64(unsigned coprocessor, unsigned opc1, unsigned crm) {
    return RegisterId(0x4030'0000'0000'0000 | (coprocessor & 15) << 16 | (crm & 15) << 7 | (opc1 & 15) << 3);
  }
  // The `word`-th 32-bit word of KVM's struct kvm_regs, with a width of 1 << log2_width bytes.
  static constexpr RegisterId Core(RegisterArchitecture architecture, unsigned log2_width, unsigned word) {
    return RegisterId(static_cast<uint64_t>(architecture) << 56 | static_cast<uint64_t>(log2_width) << 52 |
                      static_cast<uint64_t>(RegisterClass::kCore) << 16 | (word & 0xffff));
  }

  constexpr uint64_t raw() const { return raw_; }
  constexpr RegisterArchitecture architecture() const { return static_cast<RegisterArchitecture>(raw_ >> 56); }
  // Width of the value in bytes, 1 to 256.
  constexpr size_t width() const { return size_t{1} << (raw_ >> 52 & 0xf); }
  constexpr RegisterClass register_class() const { return static_cast<RegisterClass>(raw_ >> 16 & 0xfff); }
  constexpr bool is_coprocessor() const {
    return architecture() == RegisterArchitecture::kArm && static_cast<unsigned>(register_class()) < 0x10;
  }
  constexpr bool is_system() const {
    return architecture() == RegisterArchitecture::kArm64 && register_class() == RegisterClass::kSystem;
  }

  // "0x603000000013c080".
  std::string ToString() const;

  friend constexpr bool operator==(RegisterId a, RegisterId b) { return a.raw_ == b.raw_; }
  friend constexpr bool operator!=(RegisterId a, RegisterId b) { return a.raw_ != b.raw_; }
  friend constexpr bool operator<(RegisterId a, RegisterId b) { return a.raw_ < b.raw_; }

 private:
  friend class RegisterLayout;  // hands out IDs that it has checked

  static constexpr bool IsValid(uint64_t raw) {
    return (raw >> 56 == 0x40 || raw >> 56 == 0x60) && (raw >> 52 & 0xf) <= 8;
  }
  explicit constexpr RegisterId(uint64_t raw) : raw_(raw) {}

  uint64_t raw_;
};

// Set in an AArch32 ID of a QEMU list: the non-secure or common copy.
inline constexpr uint64_t kNonSecureBit = uint64_t{1} << 29;

// QEMU's 32-bit hash key of an AArch32 coprocessor register: the low 32 bits of its ID, with bit 15 set when it is 64
// bits wide. Every 32-bit number is a key, and the two conversions are exact inverses.
class CpregKey {
 public:
  explicit constexpr CpregKey(uint32_t raw) : raw_(raw) {}

  // INVALID_ARGUMENT, reason REGISTER_ID_INVALID, for what has no key: IDs of AArch64, of another width than 32 or 64
  // bits, with bit 15 set, or with one of bits 51-32 set.
  static absl::StatusOr<CpregKey> FromId(RegisterId id);
  RegisterId ToId() const;

  constexpr uint32_t raw() const { return raw_; }

 private:
  uint32_t raw_;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_REGISTER_ID_H_
