#include "client/libvirt/domain_xml.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/qemu/stream/printable.h"

namespace armstate {
namespace {

constexpr size_t kMaxXmlSize = size_t{16} << 20;
constexpr size_t kMaxFeatures = 256;

struct FreeDoc {
  void operator()(xmlDoc* doc) const { xmlFreeDoc(doc); }
};
using Document = std::unique_ptr<xmlDoc, FreeDoc>;

// libxml2 takes quadratic time for these.
constexpr size_t kMaxTagSize = size_t{64} << 10;
constexpr int kMaxComments = 64;

bool IsTooIntricate(absl::string_view xml) {
  int comments = 0;
  for (size_t at = xml.find('<'); at != absl::string_view::npos; at = xml.find('<', at + 1)) {
    if (xml.substr(at, 4) == "<!--" && ++comments > kMaxComments) return true;
    if (xml.substr(at + 1, kMaxTagSize).find_first_of("<>") == absl::string_view::npos) {
      if (xml.size() - at > kMaxTagSize) return true;
    }
  }
  return false;
}

absl::StatusOr<Document> Parse(absl::string_view xml, absl::string_view root_name) {
  const auto refuse = [&](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("the XML of the ", root_name, " ", why));
  };
  if (xml.size() > kMaxXmlSize) return refuse("has more than 16 MiB");
  if (IsTooIntricate(xml)) return refuse("has a tag of more than 64 KiB or more than 64 comments");
  // Without XML_PARSE_NOENT entities are not expanded, without XML_PARSE_HUGE nesting is limited.
  Document document(xmlReadMemory(xml.data(), static_cast<int>(xml.size()), nullptr, nullptr,
                                  XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
  if (document == nullptr) return refuse("is not well formed");
  if (document->intSubset != nullptr) return refuse("has a document type, which libvirt never writes");
  const xmlNode* root = xmlDocGetRootElement(document.get());
  if (root == nullptr || root_name != reinterpret_cast<const char*>(root->name)) return refuse("has another root");
  return document;
}

bool Is(const xmlNode* node, absl::string_view name) {
  return node->type == XML_ELEMENT_NODE && name == reinterpret_cast<const char*>(node->name);
}

// Returns null if there is no such element, or if `parent` is null.
const xmlNode* Child(const xmlNode* parent, absl::string_view name) {
  if (parent == nullptr) return nullptr;
  for (const xmlNode* node = parent->children; node != nullptr; node = node->next) {
    if (Is(node, name)) return node;
  }
  return nullptr;
}

std::string Take(xmlChar* text) {
  if (text == nullptr) return "";
  std::string taken = Printable(reinterpret_cast<const char*>(text));
  xmlFree(text);
  return taken;
}

std::string Attribute(const xmlNode* node, const char* name) {
  return node == nullptr ? "" : Take(xmlGetNoNsProp(node, reinterpret_cast<const xmlChar*>(name)));
}

std::string Text(const xmlNode* node) { return node == nullptr ? "" : Take(xmlNodeGetContent(node)); }

std::string ModelOf(const xmlNode* cpu) {
  const std::string mode = Attribute(cpu, "mode");
  if (mode == "host-passthrough") return "host";
  if (mode == "maximum") return "max";
  return Text(Child(cpu, "model"));
}

void AddFeatures(const xmlNode* cpu, std::vector<std::string>& features) {
  for (const xmlNode* node = cpu->children; node != nullptr && features.size() < kMaxFeatures; node = node->next) {
    if (!Is(node, "feature")) continue;
    const std::string policy = Attribute(node, "policy");
    if (policy == "require" || policy == "force") features.push_back(Attribute(node, "name") + "=on");
    if (policy == "disable" || policy == "forbid") features.push_back(Attribute(node, "name") + "=off");
  }
}

}  // namespace

absl::StatusOr<DomainFacts> ParseDomainXml(absl::string_view domain, absl::string_view cookie) {
  const absl::StatusOr<Document> document = Parse(domain, "domain");
  if (!document.ok()) return document.status();
  const xmlNode* root = xmlDocGetRootElement(document->get());
  DomainFacts facts;
  facts.type = Attribute(root, "type");
  facts.name = Text(Child(root, "name"));
  facts.uuid = Text(Child(root, "uuid"));
  facts.machine_type = Attribute(Child(Child(root, "os"), "type"), "machine");
  facts.has_qemu_arguments = Child(root, "commandline") != nullptr || Child(root, "override") != nullptr;
  absl::StatusOr<Document> live;
  const xmlNode* cpu = Child(root, "cpu");
  if (!cookie.empty()) {
    live = Parse(cookie, "cookie");
    if (!live.ok()) return live.status();
    if (const xmlNode* live_cpu = Child(xmlDocGetRootElement(live->get()), "cpu")) cpu = live_cpu;
  }
  if (cpu != nullptr) {
    facts.cpu_model = ModelOf(cpu);
    AddFeatures(cpu, facts.cpu_features);
  }
  const std::string pmu = Attribute(Child(Child(root, "features"), "pmu"), "state");
  if (pmu == "on" || pmu == "off") facts.cpu_features.push_back("pmu=" + pmu);
  return facts;
}

}  // namespace armstate
