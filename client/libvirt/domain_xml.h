// `ParseDomainXml` reads the CPU, machine and accelerator out of libvirt's XML of a domain.
#ifndef ARMSTATE_CLIENT_LIBVIRT_DOMAIN_XML_H_
#define ARMSTATE_CLIENT_LIBVIRT_DOMAIN_XML_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// Empty where the XML does not say.
struct DomainFacts {
  std::string type;  // "kvm", "qemu", "hvf"
  std::string name;
  std::string uuid;
  std::string machine_type;  // "virt-7.2"
  // As QEMU's -cpu names it: "host" of host-passthrough, "max" of maximum, else the model's name.
  std::string cpu_model;
  // In the notation of -cpu: "sve=on", "pauth=off", "pmu=off".
  std::vector<std::string> cpu_features;
  // There are arguments for QEMU that libvirt does not understand, and which may contradict all of this.
  bool has_qemu_arguments = false;
};

// The <cpu> of the cookie, which is the live one, counts where there is one. The parser opens no files, expands no
// entities and takes no more than 16 MiB. INVALID_ARGUMENT if one of the two is no such XML.
absl::StatusOr<DomainFacts> ParseDomainXml(absl::string_view domain, absl::string_view cookie);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_LIBVIRT_DOMAIN_XML_H_
