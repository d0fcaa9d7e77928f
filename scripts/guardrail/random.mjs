/** mulberry32: the same numbers for the same seed, on every machine. */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function pick(list, random) {
  return list[Math.floor(random() * list.length)];
}

export function shuffled(list, random) {
  const copy = [...list];
  for (let at = copy.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [copy[at], copy[other]] = [copy[other], copy[at]];
  }
  return copy;
}

/** Fills `{slot}` from lists, over and over, until nothing is left to fill. */
export function fill(template, slots, random) {
  let text = template;
  for (let round = 0; round < 5 && text.includes('{'); round += 1) {
    text = text.replace(/\{(\w+)\}/g, (whole, name) => (slots[name] ? pick(slots[name], random) : whole));
  }
  return text;
}

/** About `count` different texts of these templates. */
export function expand(templates, slots, count, random) {
  const texts = new Set();
  for (let tries = 0; texts.size < count && tries < count * 4; tries += 1) {
    texts.add(fill(templates[tries % templates.length], slots, random));
  }
  return [...texts];
}
