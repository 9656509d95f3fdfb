#include "kernel/city/batch.h"

#include "base/bytes.h"
#include "kernel/graph/attribute_editor.h"

namespace dos {
namespace {

// 1: without images of what was before, and without the position they begin at. 2: with both.
constexpr std::uint8_t format = 2;

// Bits of an entity_changed.
enum : std::uint8_t { has_head = 1, was_created = 2, has_more = 4, is_deleted_now = 8, has_before = 16 };

class encoder {
 public:
  encoder(std::string& bytes, byte_writer& out, name_table& names) : bytes_(bytes), out_(out), names_(names) {}

  std::size_t image_bytes = 0;

  void operator()(effect::entity_changed const& e) {
    out_.text(e.id);
    auto const bits = (e.head ? has_head : 0) | (e.created ? was_created : 0) | (e.more.is_null() ? 0 : has_more) |
                      (e.deleted_at == no_time ? 0 : is_deleted_now) | (e.before ? has_before : 0);
    out_.byte(std::uint8_t(bits));
    if (e.head) {
      write(e.types);
      write(e.scopes);
      if (!e.more.is_null()) encode(out_, e.more);
      if (e.deleted_at != no_time) out_.zigzag(e.deleted_at.us);
    }
    out_.varint(e.first_number);
    out_.varint(e.set.size());
    for (auto const& a : e.set) encode(out_, *a, names_);
    out_.varint(e.removed.size());
    for (auto const& r : e.removed) {
      write(r.name);
      write(r.dataset);
      out_.varint(r.series);
    }
    if (!e.before) return;
    auto const size = bytes_.size();
    encode(out_, *e.before, names_);
    image_bytes += bytes_.size() - size;
  }
  void operator()(effect::entity_forgotten const& e) { out_.text(e.id); }
  void operator()(effect::series_started const& e) {
    out_.text(e.entity);
    out_.varint(e.series.series);
    write(e.series.attribute);
    write(e.series.dataset);
    out_.byte(std::uint8_t(e.series.kind));
  }
  void operator()(effect::series_removed const& e) {
    out_.text(e.entity);
    out_.varint(e.series);
  }
  void operator()(effect::observed const& e) { write(e.series, e.observation); }
  void operator()(effect::observed_many const& e) {
    out_.varint(e.series);
    out_.varint(e.observations.size());
    out_.varint(e.observations.empty() ? 0 : e.observations.front().number);
    auto before = std::int64_t(0);
    for (auto const& o : e.observations) {
      out_.zigzag(std::int64_t(std::uint64_t(o.time.us) - std::uint64_t(before)));
      encode(out_, o.value);
      encode(out_, o.extras);
      before = o.time.us;
    }
  }
  void operator()(effect::observation_changed const& e) { write(e.series, e.observation); }
  void operator()(effect::observation_removed const& e) {
    out_.varint(e.series);
    out_.varint(e.number);
  }
  void operator()(effect::record_written const& e) {
    out_.text(e.collection);
    out_.text(e.key);
    out_.byte(e.record != nullptr);
    if (e.record) encode(out_, *e.record);
  }
  void operator()(effect::counted_in_ledger const& e) {
    out_.text(e.source);
    out_.byte(std::uint8_t(e.what));
    out_.text(e.reason);
    out_.varint(e.n);
  }

 private:
  void write(symbol name) { out_.varint(names_.number_of(name)); }
  void write(std::vector<symbol> const& list) {
    out_.varint(list.size());
    for (auto const s : list) write(s);
  }
  void write(std::uint64_t series, observation const& o) {
    out_.varint(series);
    out_.varint(o.number);
    out_.zigzag(o.time.us);
    encode(out_, o.value);
    encode(out_, o.extras);
  }

  std::string& bytes_;
  byte_writer& out_;
  name_table& names_;
};

class decoder {
 public:
  decoder(byte_reader& in, name_table const& names) : in_(in), names_(names) {}

  effect::any read() {
    static_assert(std::variant_size_v<effect::any> == 10, "a new effect is read here, too");
    switch (auto const kind = in_.byte()) {
      case 0: return changed();
      case 1: return effect::entity_forgotten{text()};
      case 2: {
        auto e = effect::series_started{text(), {}};
        e.series.series = in_.varint();
        e.series.attribute = name();
        e.series.dataset = name();
        e.series.kind = attribute_kind(in_.byte());
        return e;
      }
      case 3: {
        auto entity = text();
        return effect::series_removed{std::move(entity), in_.varint()};
      }
      case 4: {
        auto const series = in_.varint();
        return effect::observed{series, point()};
      }
      case 5: {
        auto const series = in_.varint();
        return effect::observation_changed{series, point()};
      }
      case 6: {
        auto const series = in_.varint();
        return effect::observation_removed{series, in_.varint()};
      }
      case 7: {
        auto e = effect::record_written{text(), {}, nullptr};
        e.key = text();
        if (in_.byte()) e.record = std::make_shared<json::value const>(decode_json(in_));
        return e;
      }
      case 8: {
        auto e = effect::counted_in_ledger{text(), {}, {}, 0};
        e.what = tally(in_.byte());
        e.reason = text();
        e.n = in_.varint();
        return e;
      }
      case 9: {
        auto e = effect::observed_many{in_.varint(), {}};
        e.observations.resize(in_.count());
        auto number = in_.varint();
        auto time = std::uint64_t(0);
        for (auto& o : e.observations) {
          o.number = number++;
          time += std::uint64_t(in_.zigzag());
          o.time = {std::int64_t(time)};
          o.value = decode_json(in_);
          o.extras = decode_json(in_);
        }
        return e;
      }
      default: throw fault(fault_kind::malformed, "unknown effect " + std::to_string(kind) + " in the log");
    }
  }

 private:
  effect::entity_changed changed() {
    auto e = effect::entity_changed();
    e.id = text();
    auto const bits = in_.byte();
    e.head = bits & has_head;
    e.created = bits & was_created;
    if (e.head) {
      e.types = list();
      e.scopes = list();
      if (bits & has_more) e.more = decode_json(in_);
      if (bits & is_deleted_now) e.deleted_at = {in_.zigzag()};
    }
    e.first_number = in_.varint();
    for (auto n = in_.count(); n > 0; --n) e.set.push_back(decode_attribute(in_, names_));
    for (auto n = in_.count(); n > 0; --n) {
      auto r = effect::entity_changed::removal();
      r.name = name();
      r.dataset = name();
      r.series = in_.varint();
      e.removed.push_back(r);
    }
    if (bits & has_before) e.before = make_ref<entity>(decode_entity(in_, names_));
    return e;
  }
  observation point() {
    auto o = observation();
    o.number = in_.varint();
    o.time = {in_.zigzag()};
    o.value = decode_json(in_);
    o.extras = decode_json(in_);
    return o;
  }
  std::string text() { return std::string(in_.text()); }
  symbol name() { return names_.symbol_of(in_.varint()); }
  std::vector<symbol> list() {
    auto all = std::vector<symbol>();
    for (auto n = in_.count(); n > 0; --n) all.push_back(name());
    return all;
  }

  byte_reader& in_;
  name_table const& names_;
};

}  // namespace

void batch_encoder::add(write_effects const& w) {
  auto const size = body_.size();
  auto const names = names_.size();
  try {
    auto out = byte_writer(body_);
    auto encode_effect = encoder(body_, out, names_);
    out.zigzag(w.at.us);
    out.varint(w.effects.size());
    for (auto const& e : w.effects) {
      out.byte(std::uint8_t(e.index()));
      std::visit(encode_effect, e);
    }
    image_bytes_ += encode_effect.image_bytes;
    ++writes_;
  } catch (...) {
    body_.resize(size);
    names_.rollback_to(names);
    throw;
  }
}

// format · position that images begin at · number of names known before, new names · writes: time, effects: kind, …
std::string batch_encoder::finish() const {
  auto bytes = std::string();
  auto head = byte_writer(bytes);
  head.byte(format);
  head.varint(images_from_);
  head.varint(known_);
  auto const added = names_.names_since(known_);
  head.varint(added.size());
  for (auto const name : added) head.text(name.text());
  head.varint(writes_);
  return bytes + body_;
}

std::string encode_batch(batch const& b, name_table& names) {
  auto e = batch_encoder(names, b.images_from);
  for (auto const& w : b.writes) e.add(w);
  return e.finish();
}

namespace {

std::uint64_t read_head(byte_reader& in) {
  auto const version = in.byte();
  if (version == 0 || version > format) {
    throw fault(fault_kind::not_supported, "the log has batches of format " + std::to_string(version) + "; this program reads 1 to " +
                                               std::to_string(format));
  }
  return version == 1 ? 0 : in.varint();
}

}  // namespace

std::uint64_t images_from(std::string_view bytes) {
  auto in = byte_reader(bytes);
  return read_head(in);
}

batch decode_batch(std::string_view bytes, name_table& names) {
  auto in = byte_reader(bytes);
  auto b = batch{read_head(in), {}};
  // A batch may be read again while its names are known already.
  auto const known = in.varint();
  auto const added = in.count();
  for (auto i = std::size_t(0); i < added; ++i) {
    auto const number = names.number_of(symbol(in.text()));
    if (number != known + i + 1) throw fault(fault_kind::malformed, "the log's names are out of order");
  }
  for (auto n = in.count(); n > 0; --n) {
    auto w = write_effects{{in.zigzag()}, {}};
    for (auto k = in.count(); k > 0; --k) w.effects.push_back(decoder(in, names).read());
    b.writes.push_back(std::move(w));
  }
  return b;
}

entity_ptr apply(entity before, effect::entity_changed const& e, timestamp at, std::uint64_t position) {
  auto after = std::move(before);
  after.id = e.id;
  if (e.head) {
    after.types = e.types;
    after.scopes = e.scopes;
    after.more = e.more;
    after.deleted_at = e.deleted_at;
  }
  {
    auto attributes = attribute_editor(after.attributes);
    for (auto const& r : e.removed) attributes.remove(r.name, r.dataset);
    for (auto const& a : e.set) attributes.set(a);
  }
  if (after.attributes.capacity() > after.attributes.size()) after.attributes.shrink_to_fit();
  if (e.created || after.created_at == no_time) after.created_at = at;
  after.modified_at = at;
  after.version = position;
  return make_ref<entity>(std::move(after));
}

}  // namespace dos
