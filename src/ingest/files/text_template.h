// Text with holes: "urn:ngsi-ld:Playground:bochum:{poi_id}", "{street} {number}".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dos::files {

class text_template {
 public:
  text_template() = default;
  // "{name}" is filled with a field, "{name|slug}" with its lower-case letters and digits, the rest as dashes. "{{" is
  // a brace. Faults: invalid.
  explicit text_template(std::string_view pattern);

  bool is_empty() const { return pieces_.empty(); }
  std::vector<std::string> names() const;

  static constexpr std::size_t filled_bytes_max = 1 << 20;  // what is filled goes no further once it is longer

  using find_text = std::function<std::optional<std::string>(std::string const& name)>;
  // Nothing when a field is absent or empty. `for_uri` percent-encodes what fields bring in (RFC 3986, 2.1).
  std::optional<std::string> fill(find_text const& find, bool for_uri = false) const;

 private:
  struct piece {
    std::string text;  // literal, or the field's name
    bool is_field;
    bool is_slug;
  };
  std::vector<piece> pieces_;
};

std::string to_slug(std::string_view text);  // "Straße 4 a" -> "strasse-4-a"

}  // namespace dos::files
