#include "base/terms.h"

#include <fstream>
#include <iterator>

#include "base/fault.h"

namespace dos {

terms::terms(json::value const& document) {
  auto const* const inner = document.find("@context");
  auto made = process_context(inner ? *inner : document, core_context().get(), [](auto const&) { return nullptr; });
  if (!made.context) throw fault(fault_kind::invalid, "the context names another one, " + made.missing[0], "@context");
  names_ = std::move(made.context);
}

terms load_terms(std::string const& path) {
  if (path.empty()) return terms();
  auto in = std::ifstream(path, std::ios::binary);
  require(bool(in), fault_kind::invalid, "the context file " + path + " cannot be read");
  auto const text = std::string(std::istreambuf_iterator<char>(in), {});
  try {
    return terms(json::parse(text));
  } catch (fault const& f) {
    throw fault(f.kind, path + ": " + f.detail, f.member);
  }
}

}  // namespace dos
