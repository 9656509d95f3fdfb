#include <cmath>

#include "base/fault.h"
#include "base/json.h"
#include "base/text.h"
#include "geo/builder.h"
#include "geo/geometry.h"

namespace dos::geo {
namespace {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

std::string upper(std::string_view s) {
  auto result = std::string(s);
  for (auto& c : result) {
    if (c >= 'a' && c <= 'z') c = char(c - 'a' + 'A');
  }
  return result;
}

// OGC Simple Features 06-103r4, 7.2.2
class wkt_reader {
 public:
  wkt_reader(std::string_view text, parse_options const& options) : text_(text), options_(options) {}

  geometry read() {
    auto const word_at = at_;
    if (word() == "SRID") {
      expect('=');
      number();
      expect(';');
    } else {
      at_ = word_at;
    }
    auto g = read_geometry(0);
    skip_blanks();
    if (at_ != text_.size()) fail("text follows the geometry");
    return g;
  }

 private:
  [[noreturn]] void fail(std::string const& why) const {
    throw fault(fault_kind::malformed, "not well-known text at character " + std::to_string(at_ + 1) + ": " + why);
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || (text_[at_] >= '\t' && text_[at_] <= '\r'))) ++at_;
  }
  bool take(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail(std::string("expected ") + c);
  }
  std::string word() {
    skip_blanks();
    auto const from = at_;
    while (at_ < text_.size() && ((text_[at_] | 32) >= 'a' && (text_[at_] | 32) <= 'z')) ++at_;
    return upper(text_.substr(from, at_ - from));
  }
  std::optional<double> find_number() {
    skip_blanks();
    auto end = at_;
    while (end < text_.size() && std::string_view("+-.0123456789eE").find(text_[end]) != std::string_view::npos) ++end;
    auto const from = at_ + (at_ < end && text_[at_] == '+');
    auto const d = text::to_double(text_.substr(from, end - from));
    if (d) at_ = end;
    return d;
  }
  double number() {
    auto const d = find_number();
    if (!d) fail("expected a number");
    return *d;
  }

  shape read_shape() {
    auto const from = at_;
    auto const name = word();
    for (auto s = 1; s <= int(shape::collection); ++s) {
      auto const known = upper(to_string(shape(s)));
      if (name == known) {
        auto const after = at_;
        auto const dimension = word();
        has_measure_only_ = dimension == "M";
        if (dimension != "Z" && dimension != "M" && dimension != "ZM") at_ = after;
        return shape(s);
      }
      if (name == known + "Z" || name == known + "ZM" || name == known + "M") {
        has_measure_only_ = name == known + "M";
        return shape(s);
      }
    }
    at_ = from;
    fail("expected POINT, LINESTRING, POLYGON, a MULTI… of them or GEOMETRYCOLLECTION");
  }

  geometry read_geometry(int depth) {
    auto const s = read_shape();
    auto const after = at_;
    if (word() == "EMPTY") return {};
    at_ = after;
    if (s == shape::collection) return read_collection(depth);
    auto b = builder(s, options_, points_);
    auto const body = [&] {
      switch (s) {
        case shape::point:
          expect('(');
          position(b);
          return expect(')');
        case shape::multi_point:
          // Both "((7 51), (8 52))" and "(7 51, 8 52)" are in use.
          return list([&] {
            auto const wrapped = take('(');
            position(b);
            if (wrapped) expect(')');
          });
        case shape::line_string:
          return line(b);
        case shape::multi_line_string:
          return list([&] { line(b); });
        case shape::polygon:
          return polygon(b);
        default:
          return list([&] { polygon(b); });
      }
    };
    body();
    return b.finish(here());
  }

  geometry read_collection(int depth) {
    if (depth >= collection_depth_max) {
      throw fault(fault_kind::too_large, "collections are nested deeper than " + std::to_string(collection_depth_max));
    }
    auto b = geometry::body();
    b.shape = shape::collection;
    list([&] {
      auto g = read_geometry(depth + 1);
      if (!g.is_empty()) b.members.push_back(std::move(g));
    });
    return b.members.empty() ? geometry() : geometry(std::move(b));
  }

  template <typename Item>
  void list(Item item) {
    expect('(');
    do item();
    while (take(','));
    expect(')');
  }
  void line(builder& b) {
    list([&] { position(b); });
    b.end_line(here());
  }
  void polygon(builder& b) {
    list([&] { line(b); });
    b.end_polygon(here());
  }
  void position(builder& b) {
    auto const east = number();
    auto const north = number();
    auto const third = find_number();
    if (third) find_number();  // a measure has no place in GeoJSON
    b.add(east, north, third && !has_measure_only_ ? *third : no_number, here());
  }
  path here() const { return {nullptr, 0, {}}; }

  std::string_view text_;
  parse_options const& options_;
  std::size_t at_ = 0;
  std::size_t points_ = 0;
  bool has_measure_only_ = false;
};

class wkt_writer {
 public:
  explicit wkt_writer(geometry const& g) : g_(g), body_(g.find_body()) {}

  std::string text() {
    auto const s = g_.shape();
    out_ = upper(to_string(s));
    if (body_ && !body_->heights.empty()) out_ += " Z ";
    switch (s) {
      case shape::none:
        return {};
      case shape::collection: {
        auto separator = '(';
        for (auto const& m : g_.members()) {
          out_ += std::exchange(separator, ',');
          out_ += to_wkt(m);
        }
        out_ += ')';
        break;
      }
      case shape::multi_line_string:
      case shape::polygon:
        lines(0, g_.line_count());
        break;
      case shape::multi_polygon: {
        auto separator = '(';
        auto from = std::size_t(0);
        for (auto const to : body_->polygon_ends) {
          out_ += std::exchange(separator, ',');
          lines(from, to);
          from = to;
        }
        out_ += ')';
        break;
      }
      default:
        positions(0, g_.positions().size());
    }
    return std::move(out_);
  }

 private:
  void coordinate(double d) {
    json::write_number(out_, d);
    if (out_.ends_with(".0")) out_.resize(out_.size() - 2);
  }
  void positions(std::size_t from, std::size_t to) {
    auto separator = '(';
    for (auto i = from; i < to; ++i) {
      out_ += std::exchange(separator, ',');
      coordinate(g_.positions()[i].lon);
      out_ += ' ';
      coordinate(g_.positions()[i].lat);
      if (!body_ || body_->heights.empty()) continue;
      out_ += ' ';
      coordinate(std::isnan(body_->heights[i]) ? 0 : body_->heights[i]);
    }
    out_ += ')';
  }
  void lines(std::size_t from, std::size_t to) {
    auto separator = '(';
    for (auto i = from; i < to; ++i) {
      out_ += std::exchange(separator, ',');
      positions(i == 0 ? 0 : body_->line_ends[i - 1], body_->line_ends[i]);
    }
    out_ += ')';
  }

  geometry const& g_;
  geometry::body const* body_;
  std::string out_;
};

}  // namespace

geometry parse_wkt(std::string_view text, parse_options const& options) { return wkt_reader(text, options).read(); }

std::string to_wkt(geometry const& g) { return wkt_writer(g).text(); }

}  // namespace dos::geo
