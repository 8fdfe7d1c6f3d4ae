// `kStreamMagic` and the like are the numbers of QEMU's migration stream format, version 3. Everything is big-endian;
// there is no checksum and no padding.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_FORMAT_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_FORMAT_H_

#include <cstdint>

namespace armstate {

inline constexpr uint32_t kStreamMagic = 0x5145564d;  // "QEVM"
inline constexpr uint32_t kStreamVersion = 3;

// The byte that begins each part of a stream.
enum StreamType : uint8_t {
  kEndOfStream = 0x00,
  kSectionStart = 0x01,  // the first section of a device that is sent in parts (RAM)
  kSectionPart = 0x02,
  kSectionEnd = 0x03,
  kSectionFull = 0x04,  // all of a device
  kSubsection = 0x05,
  kDescription = 0x06,  // JSON, after the end of the stream
  kConfiguration = 0x07,
  kCommand = 0x08,
  kSectionFooter = 0x7e,
};

// A command that tells a live target that the source has stopped. QEMU 10.0 and later send it, also into files, unless
// the machine type is of 9.2 or before; those before 10.0 refuse it ("MIG_CMD 0xb unknown").
inline constexpr uint16_t kCommandSwitchover = 11;
// Its size: the byte kCommand, the command, and its length, which is 0.
inline constexpr uint32_t kSwitchoverSize = 5;

// Size of a footer: the byte and the section's id.
inline constexpr uint32_t kFooterSize = 5;

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_FORMAT_H_
