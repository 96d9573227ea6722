"use strict";
// Unpacks what the page carries: base 94, then LZMA (the format of the LZMA SDK's specification; lc = 3, lp = 0, pb = 0).
(() => {
  // 11 signs of ASCII (without `<`) are 9 bytes.
  function bytesOf(text) {
    const bytes = new Uint8Array((text.length / 11) * 9);
    for (let at = 0, to = 0; at < text.length; at += 11, to += 9) {
      let value = 0n;
      for (let place = at; place < at + 11; place += 1) {
        const sign = text.charCodeAt(place);
        value = value * 94n + BigInt(sign - (sign > 60 ? 33 : 32));
      }
      for (let place = to + 8; place >= to; place -= 1, value >>= 8n) bytes[place] = Number(value & 255n);
    }
    return bytes;
  }

  function unpacked(packed, size) {
    const out = new Uint8Array(size);
    const odds = new Uint16Array(8192).fill(1024);
    const [MATCH, REP, REP0, REP1, REP2, LONG, SLOT, NEAR, ALIGN, LENGTH, AGAIN, LITERAL] = [
      0, 12, 24, 36, 48, 60, 72, 328, 456, 480, 760, 1040,
    ];
    let range = 2 ** 32 - 1;
    let code = 0;
    let at = 1;
    while (at < 5) code = code * 256 + packed[at++];

    function full() {
      if (range < 2 ** 24) {
        range *= 256;
        code = code * 256 + packed[at++];
      }
    }
    function bit(index) {
      const bound = (range >>> 11) * odds[index];
      const one = code >= bound;
      if (one) {
        range -= bound;
        code -= bound;
        odds[index] -= odds[index] >> 5;
      } else {
        range = bound;
        odds[index] += (2048 - odds[index]) >> 5;
      }
      full();
      return one ? 1 : 0;
    }
    function tree(base, bits) {
      let node = 1;
      for (let each = 0; each < bits; each += 1) node = node * 2 + bit(base + node);
      return node - 2 ** bits;
    }
    function reversed(base, bits) {
      let [node, value] = [1, 0];
      for (let each = 0; each < bits; each += 1) {
        const found = bit(base + node);
        node = node * 2 + found;
        value += found * 2 ** each;
      }
      return value;
    }
    function direct(bits) {
      let value = 0;
      for (let each = 0; each < bits; each += 1) {
        range = Math.floor(range / 2);
        const one = code >= range;
        if (one) code -= range;
        value = value * 2 + (one ? 1 : 0);
        full();
      }
      return value;
    }
    function lengthOf(base) {
      if (!bit(base)) return 2 + tree(base + 2, 3);
      return bit(base + 1) ? 18 + tree(base + 18, 8) : 10 + tree(base + 10, 3);
    }
    function distance(length) {
      const slot = tree(SLOT + 64 * Math.min(length - 2, 3), 6);
      if (slot < 4) return slot;
      const bits = (slot >> 1) - 1;
      const base = (2 + (slot & 1)) * 2 ** bits;
      if (slot < 14) return base + reversed(NEAR + base - slot, bits);
      return base + direct(bits - 4) * 16 + reversed(ALIGN, 4);
    }

    let state = 0;
    let past = [0, 0, 0, 0];
    for (let to = 0; to < size;) {
      if (!bit(MATCH + state)) {
        const base = LITERAL + 768 * (to ? out[to - 1] >> 5 : 0);
        let node = 1;
        if (state >= 7) {
          let like = out[to - past[0] - 1];
          for (let same = true; same && node < 256; like = (like << 1) & 255) {
            const hint = like >> 7;
            const found = bit(base + (1 + hint) * 256 + node);
            node = node * 2 + found;
            same = found === hint;
          }
        }
        while (node < 256) node = node * 2 + bit(base + node);
        out[to++] = node;
        state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
        continue;
      }
      let length;
      if (!bit(REP + state)) {
        length = lengthOf(LENGTH);
        past = [distance(length), past[0], past[1], past[2]];
        state = state < 7 ? 7 : 10;
      } else if (bit(REP0 + state)) {
        const which = bit(REP1 + state) ? 2 + bit(REP2 + state) : 1;
        past.unshift(...past.splice(which, 1));
        length = lengthOf(AGAIN);
        state = state < 7 ? 8 : 11;
      } else if (bit(LONG + state)) {
        length = lengthOf(AGAIN);
        state = state < 7 ? 8 : 11;
      } else {
        length = 1;
        state = state < 7 ? 9 : 11;
      }
      for (; length && to < size; length -= 1, to += 1) out[to] = out[to - past[0] - 1];
    }
    return out;
  }

  const packed = document.getElementById("packed");
  const sizes = packed.dataset.sizes.split(" ").map(Number);
  const bytes = unpacked(
    bytesOf(packed.textContent),
    sizes.reduce((sum, size) => sum + size),
  );
  let from = 0;
  const [data, program, style] = sizes.map((size) => new TextDecoder().decode(bytes.subarray(from, (from += size))));
  const add = (kind, text) => {
    const element = document.createElement(kind);
    element.textContent = text;
    document.head.append(element);
  };
  add("style", style);
  window.gaugeData = JSON.parse(data);
  add("script", program);
})();
