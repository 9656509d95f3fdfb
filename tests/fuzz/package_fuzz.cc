// A package of any kind, as an archive or as one model beside a good head, is refused with a fault or with lines that say what
// is wrong, or becomes types. Run from the folder of the sources: the schemas lie there.
#include <cstdint>
#include <string>

#include "base/fault.h"
#include "package/compile.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos;
  static auto const rules = package::schemas("measures/schema");
  auto const input = std::string(reinterpret_cast<char const*>(data), size);
  auto files = package::folder();
  if (input.starts_with("PK") || (size > 262 && input.compare(257, 5, "ustar") == 0)) {
    try {
      files = package::read_archive(input);
    } catch (fault const&) {
      return 0;
    }
  } else {
    files.files["module.yaml"] = "id: x\ntitle: {de: X, en: X}\n";
    auto const cut = input.find('\0');
    files.files["models/x.yaml"] = input.substr(0, cut);
    if (cut != input.npos) files.files["roles.yaml"] = input.substr(cut + 1);
  }
  auto wrong = package::problems();
  auto const read = std::make_shared<package::bundle const>(package::read_bundle(std::move(files), rules, {}, wrong));
  if (!wrong.empty()) return 0;
  auto const made = package::compile({{read, 1, false}}, {});
  if (made.is_whole() == !made.wrong.empty()) __builtin_trap();
  return 0;
}
