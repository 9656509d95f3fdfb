#include "engine/script/codec.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/fault.h"
#include "base/text.h"
#include "engine/script/wasm_runtime.h"

namespace dos::script {
namespace {

timestamp const noon = *parse_timestamp("2026-11-21T12:00:00Z");

frame message(std::string bytes = "\x01\x02", int port = 1) {
  return {.bytes = std::move(bytes), .f_port = port, .received = noon};
}

std::string data_of(codec& c, frame const& f = message()) { return json::to_string(c.decode_uplink(f).data); }
std::string data_of(std::string_view source, frame const& f = message()) {
  codec c(source);
  return data_of(c, f);
}

// The detail of the fault that `f` throws, which must be of kind invalid.
template <typename F>
std::string refusal(F const& f) {
  try {
    f();
  } catch (fault const& e) {
    EXPECT_EQ(e.kind, fault_kind::invalid);
    return e.detail;
  }
  return "no fault";
}

// A codec that decodes normally unless the first byte is 0xff; then it runs `attack`.
std::string with_attack(std::string_view attack) {
  return "function decodeUplink(input) { if (input.bytes[0] === 255) { " + std::string(attack) +
         " } return {data: {n: input.bytes.length}}; }";
}

TEST(codec, reads_each_form_that_vendors_publish) {
  EXPECT_EQ(data_of("function decodeUplink(input) { return {data: {b: input.bytes, p: input.fPort}}; }"),
            R"({"b":[1,2],"p":1})");
  EXPECT_EQ(data_of("const decodeUplink = ({bytes}) => ({data: {n: bytes.length}});"), R"({"n":2})");
  EXPECT_EQ(data_of("module.exports = {decodeUplink: (i) => ({data: {n: 1}})};"), R"({"n":1})");
  EXPECT_EQ(data_of("exports.decodeUplink = function (i) { return {data: {n: 2}}; };"), R"({"n":2})");
  EXPECT_EQ(data_of("module.exports.decodeUplink = function (i) { return {data: {n: 3}}; };"), R"({"n":3})");
  EXPECT_EQ(data_of("module.exports = function (i) { return {data: {n: 4}}; };"), R"({"n":4})");
  EXPECT_EQ(data_of("function Decoder(bytes, port) { return {a: bytes[1], p: port}; }"), R"({"a":2,"p":1})");
  EXPECT_EQ(data_of("function Decode(fPort, bytes, variables) { return {a: bytes[0], p: fPort, v: variables}; }"),
            R"({"a":1,"p":1,"v":{}})");
}

TEST(codec, reads_modules_in_every_form_of_export) {
  EXPECT_EQ(data_of("export function decodeUplink(i) { return {data: {n: 1}}; }"), R"({"n":1})");
  EXPECT_EQ(data_of("export const decodeUplink = (i) => ({data: {n: 2}});"), R"({"n":2})");
  EXPECT_EQ(data_of("const f = (i) => ({data: {n: 3}});\nexport { f as decodeUplink };"), R"({"n":3})");
  EXPECT_EQ(data_of("export default {decodeUplink: (i) => ({data: {n: 4}})};"), R"({"n":4})");
  EXPECT_EQ(data_of("export default function decodeUplink(i) { return {data: {n: 5}}; }"), R"({"n":5})");
  EXPECT_EQ(data_of("export function Decoder(bytes, port) { return {p: port}; }"), R"({"p":1})");
  EXPECT_EQ(data_of("exports.default = {decodeUplink: (i) => ({data: {n: 6}})};"), R"({"n":6})");
  EXPECT_EQ(data_of("let n = 0;\nexport const decodeUplink = (i) => ({data: {n: ++n}});\n"), R"({"n":1})");
}

TEST(codec, says_why_a_module_does_not_run) {
  EXPECT_NE(refusal([] { codec("export function decodeUplink(i) {\n  return {;\n}"); }).find("line 2"), std::string::npos);
  EXPECT_NE(refusal([] { codec("import fs from 'fs';\nexport function decodeUplink(i) {}"); }).find("fs"), std::string::npos);
  EXPECT_NE(refusal([] { codec("export const decodeUplink = unknown();"); }).find("unknown"), std::string::npos);
  EXPECT_NE(refusal([] { codec("for (;;) {}\nexport const decodeUplink = 1;"); }).find("stopped after"), std::string::npos);
  EXPECT_NE(refusal([] { codec("await new Promise(() => {});\nexport const decodeUplink = 1;"); }), "no fault");
}

TEST(codec, gives_variables_and_the_time_of_reception) {
  codec c(
      "function decodeUplink(i) { return {data: {k: i.variables.k, t: i.recvTime.toISOString(), now: Date.now(),"
      " zone: new Date().getTimezoneOffset()}}; }");
  auto f = message();
  f.variables = json::object{{"k", "v"}};
  EXPECT_EQ(json::to_string(c.decode_uplink(f).data),
            R"({"k":"v","t":"2026-11-21T12:00:00.000Z","now":1795262400000,"zone":0})");
}

TEST(codec, passes_on_warnings_errors_and_log) {
  codec c(
      "function decodeUplink(i) { console.log('seen', {a: 1}); return {warnings: ['low'], errors: ['unknown port']}; "
      "}");
  auto const d = c.decode_uplink(message());
  EXPECT_TRUE(d.data.is_null());
  EXPECT_EQ(d.warnings, std::vector<std::string>{"low"});
  EXPECT_EQ(d.errors, std::vector<std::string>{"unknown port"});
  EXPECT_EQ(d.log, std::vector<std::string>{R"(seen {"a":1})"});
}

TEST(codec, encodes_and_decodes_downlinks) {
  codec c(
      "function decodeUplink(i) { return {data: {}}; }\n"
      "function encodeDownlink(i) { return {bytes: [i.data.on ? 1 : 0, 255], fPort: 7, warnings: ['w']}; }\n"
      "function decodeDownlink(i) { return {data: {on: i.bytes[0] === 1}}; }");
  auto const e = c.encode_downlink(json::object{{"on", true}}, message());
  EXPECT_EQ(e.bytes, "\x01\xff");
  EXPECT_EQ(e.f_port, 7);
  EXPECT_EQ(e.warnings, std::vector<std::string>{"w"});
  EXPECT_EQ(json::to_string(c.decode_downlink(message(e.bytes, 7)).data), R"({"on":true})");

  codec old("function Decoder(b, p) { return {}; } function Encoder(o, p) { return [o.a, p]; }");
  auto const o = old.encode_downlink(json::object{{"a", 9}}, message("", 3));
  EXPECT_EQ(o.bytes, "\x09\x03");
  EXPECT_EQ(o.f_port, 3);
  EXPECT_FALSE(old.can_decode_downlink());
}

TEST(codec, offers_the_helpers_that_vendor_code_expects) {
  EXPECT_EQ(
      data_of(R"(function decodeUplink(i) { const b = Buffer.from(i.bytes); return {data: {
      u: b.readUInt16BE(0), s: b.readInt16LE(0), hex: b.toString('hex'), b64: b.toString('base64'),
      again: Buffer.from('AQI=', 'base64').equals(b), h: Buffer.from('0102', 'hex').equals(b),
      text: new TextDecoder().decode(new Uint8Array([0xc3, 0xa4])), a: atob('QQ=='), b: btoa('A'),
      f: Buffer.from([0, 0, 0x80, 0x3f]).readFloatLE(0), n: b.readUIntBE(0, 2), typed: new Uint8Array([7])}}; })"),
      R"({"u":258,"s":513,"hex":"0102","b64":"AQI=","again":true,"h":true,"text":"ä","a":"A","b":"QQ==",)"
            R"("f":1,"n":258,"typed":[7]})");
}

TEST(codec, says_where_the_source_is_wrong) {
  EXPECT_EQ(refusal([] { codec("function decodeUplink(i) {\n  return {{;\n}"); }),
            "the codec does not compile: SyntaxError: invalid property name (line 2, column 11)");
  EXPECT_EQ(refusal([] { codec("\nundefined_thing();"); }),
            "the codec does not compile: ReferenceError: undefined_thing is not defined (line 2, column 1)");
  EXPECT_EQ(refusal([] { codec("let x = 1;"); }),
            "the source has no function that a codec consists of: decodeUplink(input), Decoder(bytes, port) or "
            "Decode(fPort, bytes, variables) for what a device sends");
  EXPECT_NE(refusal([] { codec("for (;;) {}"); }).find("stopped after 500 ms"), std::string::npos);
  EXPECT_THROW(codec(std::string(600'000, ' ')), fault);
  codec throws("function decodeUplink(i) {\n  return i.data.x;\n}");
  EXPECT_EQ(refusal([&] { throws.decode_uplink(message()); }),
            "TypeError: cannot read property 'x' of undefined (line 2, column 10)");
}

TEST(codec, says_in_utf_8_what_went_wrong) {
  for (auto const* const thrown : {"throw new Error('\\ud800');", "throw new Error('x' + 'ä'.repeat(400));",
                                   "throw 'x' + '\\u{1f600}'.repeat(99);"}) {
    codec c(with_attack(thrown));
    auto const message = refusal([&] { c.decode_uplink(frame{.bytes = "\xff", .f_port = 1, .received = noon}); });
    EXPECT_TRUE(text::is_utf8(message)) << message;
    EXPECT_LT(message.size(), 400U);
  }
}

TEST(codec, makes_numbers_that_json_cannot_say_null_with_a_warning) {
  codec c("function decodeUplink(i) { return {data: {t: 0/0, u: [1/0], ok: 1.5, big: 12n, none: undefined}}; }");
  auto const d = c.decode_uplink(message());
  EXPECT_EQ(json::to_string(d.data), R"({"t":null,"u":[null],"ok":1.5,"big":12})");
  ASSERT_EQ(d.warnings.size(), 2U);
  EXPECT_EQ(d.warnings[0], R"("t" is NaN, which JSON cannot say: taken as null)");
}

TEST(codec, starts_every_message_afresh) {
  codec c(R"(var count = 0; let seen = [];
      function decodeUplink(i) {
        count++; seen.push(i.bytes[0]); Array.prototype.map = null;
        Object.prototype.leak = (Object.prototype.leak ?? 0) + 1;
        return {data: {count, seen: seen.length, leak: ({}).leak, r: Math.random()}};
      })");
  auto const first = data_of(c);
  EXPECT_EQ(first.substr(0, 30), R"({"count":1,"seen":1,"leak":1,")");
  for (auto i = 0; i < 100; ++i) EXPECT_EQ(data_of(c), first);
}

TEST(codec, survives_every_attack_and_decodes_the_next_message) {
  for (auto const& [attack, answer] : std::vector<std::pair<std::string, std::string>>{
           {"for (;;) {}", "stopped after 50 ms"},
           {"try { for (;;) {} } finally { for (;;) {} }", "stopped after 50 ms"},
           {"try { for (;;) {} } catch { return {data: {}}; }", "stopped after 50 ms"},
           {"[].indexOf.call({length: 2 ** 53 - 1}, 1);", "stopped after 50 ms"},
           {"const a = []; for (;;) a.push(new Array(1000).fill(1));", "stopped"},
           {"let s = 'x'; for (;;) s += s;", "string too long"},
           {"'x'.repeat(1e9);", "more than 8 MiB"},
           {"new Uint8Array(2 ** 31);", "invalid array buffer length"},
           {"new Uint8Array(2 ** 30);", "more than 8 MiB"},
           {"return {data: {a: new Array(2 ** 32 - 1)}};", "stopped"},
           {"(function f() { return f() + 1; })();", "call stack size exceeded"},
           {"let a = []; for (let i = 0; i < 50000; i++) a = [a]; return {data: a};", "stopped after 50 ms"},
           {"let a = []; for (let i = 0; i < 1000; i++) a = [a]; return {data: a};", "nested deeper than 200"},
           {"JSON.parse('['.repeat(100000));", "call stack size exceeded"},
           {"eval('('.repeat(100000));", "call stack size exceeded"},
           {"new RegExp('('.repeat(100000));", "SyntaxError"},
           {"/^(a+)+$/.test('a'.repeat(40) + 'b');", "stopped after 50 ms"},
           {"return {data: 'x'.repeat(100000)};", "at most 65536"},
           {"const a = {}; a.a = a; return {data: a};", "circular"},
           {"return {get data() { throw new Error('gotcha'); }};", "gotcha"},
           {"return {data: {toJSON() { for (;;) {} }}};", "stopped after 50 ms"},
           {"return {data: {get a() { throw 'plain'; }}};", "plain"},
           {"return new Proxy({}, {get() { throw new Error('trap'); }});", "trap"},
           {"return {data: new Proxy({}, {ownKeys() { for (;;) {} }})};", "stopped after 50 ms"},
           {"throw {toString() { for (;;) {} }};", "stopped after 50 ms"},
           {"throw null;", "null"},
           {"throw Object.create(null);", "exception without a message"},
           {"return 7;", "returned number"},
           {"return Promise.resolve({data: {}});", "returned a promise"},
           {"return {data: 2n ** 100000000n};", "BigInt is too large"},
           {"(10n ** 400000n).toString();", "stopped after 50 ms"},
           {"[1,2,3].sort(() => { for (;;) {} });", "stopped after 50 ms"},
           {"let a = Array(100000).fill(0); for (;;) a.sort();", "stopped"},
           {"new Function('for (;;) {}')();", "stopped after 50 ms"},
           {"let e = new Error('x'.repeat(100000)); throw e;", "Error: xxx"},
           {"throw new Error('\\ud800');", "Error"},
           {"globalThis.JSON = null; Array.prototype.push = null; Object.keys = null; throw new Error('vandal');",
            "vandal"},
           {"Array.prototype.toJSON = () => 'x'; Object.prototype.toJSON = function () { return [1]; }; throw 'v';",
            "v"},
       }) {
    SCOPED_TRACE(attack);
    codec c(with_attack(attack));
    for (auto i = 0; i < 2; ++i) {
      EXPECT_NE(refusal([&] { c.decode_uplink(message("\xff")); }).find(answer), std::string::npos)
          << refusal([&] { c.decode_uplink(message("\xff")); });
      EXPECT_EQ(data_of(c), R"({"n":2})");
    }
  }
}

TEST(codec, keeps_within_its_time_where_the_engine_does_not_look_at_the_clock) {
  codec c(with_attack("[].reverse.call({length: 2 ** 53 - 2});"));
  auto const before = cpu_ns();
  EXPECT_NE(refusal([&] { c.decode_uplink(message("\xff")); }).find("stopped after 50 ms"), std::string::npos);
  EXPECT_LT((cpu_ns() - before) / 1'000'000, 150);
}

TEST(codec, survives_deep_calls_on_a_small_thread_stack) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 << 10);
  pthread_t thread{};
  ASSERT_EQ(pthread_create(
                &thread, &attributes,
                [](void*) -> void* {
                  codec c(with_attack("(function f(n) { return [1].map(() => f(n + 1))[0] + 1; })(0);"));
                  for (auto i = 0; i < 3; ++i) {
                    EXPECT_NE(refusal([&] { c.decode_uplink(message("\xff")); }), "no fault");
                    EXPECT_EQ(data_of(c), R"({"n":2})");
                  }
                  return nullptr;
                },
                nullptr),
            0);
  pthread_join(thread, nullptr);
}

TEST(codec, has_no_way_out) {
  EXPECT_EQ(data_of("function decodeUplink() { return {data: [typeof process, typeof fetch, typeof std, typeof os,"
                    " typeof XMLHttpRequest, typeof setTimeout, typeof WebAssembly]}; }"),
            R"(["undefined","undefined","undefined","undefined","undefined","undefined","undefined"])");
  EXPECT_NE(refusal([] { codec("const fs = require('fs');"); }).find("a codec stands alone"), std::string::npos);
}

}  // namespace
}  // namespace dos::script
