import type { Random } from '../random.ts'

/* One change to the text of a JSON value, at one place of it: what a program that writes statements may get wrong, or somebody may try. */

/** A value's text, its members in a list so that they can be repeated. */
type Node =
  | { readonly kind: 'object'; readonly members: [string, Node][] }
  | { readonly kind: 'array'; readonly elements: Node[] }
  | { readonly kind: 'raw'; readonly text: string }

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return { kind: 'array', elements: value.map(nodeOf) }
  if (typeof value === 'object' && value !== null)
    return { kind: 'object', members: Object.entries(value).map(([name, part]) => [name, nodeOf(part)]) }
  return { kind: 'raw', text: JSON.stringify(value) }
}

function textOf(node: Node): string {
  if (node.kind === 'raw') return node.text
  if (node.kind === 'array') return `[${node.elements.map(textOf).join(',')}]`
  return `{${node.members.map(([name, part]) => `${name.startsWith('\u0000') ? name.slice(1) : JSON.stringify(name)}:${textOf(part)}`).join(',')}}`
}

/** Every place that a value stands in, with how to put another there. */
function places(node: Node, replace: (other: Node) => void, found: [Node, (other: Node) => void][]): void {
  found.push([node, replace])
  if (node.kind === 'object')
    for (const member of node.members) places(member[1], (other) => (member[1] = other), found)
  if (node.kind === 'array')
    for (const [i, element] of node.elements.entries()) places(element, (other) => (node.elements[i] = other), found)
}

/** Texts that stand for a value of another type, or at the end of its range. */
const others = [
  'null',
  'true',
  'false',
  '0',
  '1',
  '-1',
  '-0',
  '1.0',
  '1.5',
  '1e3',
  '01',
  '9007199254740991',
  '9007199254740992',
  '253402300799',
  '253402300800',
  '18446744073709551616',
  '""',
  '"x"',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"a":1}',

  '"\\u0000"',
  '"\\ud800"',
  '"\\u0061"',
  '"a\\nb"',
  '"\u202e"',
  '"\ufeff"',
  '"e\u0301"',
  '" "',
  '"9999-12-31T23:59:59.999Z"',

  '"sha256"',
  '"test.example/chain"',
  `"${'x'.repeat(300)}"`,
  `"${'A'.repeat(43)}="`,
  `"${'0'.repeat(64)}"`,
  '"__proto__"',
]
const names = [
  'x',
  'note',
  'names',
  'case',
  'collection',
  'ext',
  '_sd',
  '_sd_alg',
  '__proto__',
  'constructor',
  'cnf',
  'crit',
  'exp',
  'item',
  'origin',
  'tree',
  'approvals',
  'sha512',
  '',
]

type Act = readonly [string, (node: Node, random: Random) => Node | undefined]

const acts: readonly Act[] = [
  ['another value', (_node, random) => ({ kind: 'raw', text: random.pick(others) })],
  [
    'a string altered',
    (node, random) => {
      if (node.kind !== 'raw' || !node.text.startsWith('"') || node.text.length < 3) return undefined
      const at = 1 + random.below(node.text.length - 2)
      const inner = random.pick([
        (text: string) => text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1),
        (text: string) => text.slice(0, at) + text.slice(at + 1),
        (text: string) => `${text.slice(0, -1)} "`,
        (text: string) => text.toUpperCase(),
        (text: string) => `${text.slice(0, -1)}="`,
        (text: string) =>
          `${text.slice(0, at)}\\u00${text.charCodeAt(at).toString(16).padStart(2, '0').slice(-2)}${text.slice(at + 1)}`,
      ])
      return { kind: 'raw', text: inner(node.text) }
    },
  ],
  [
    'a number altered',
    (node, random) => {
      if (node.kind !== 'raw' || !/^-?[0-9]/.test(node.text)) return undefined
      const value = Number(node.text)
      return { kind: 'raw', text: String(random.pick([value + 1, value - 1, value * 1000, -value, 0])) }
    },
  ],
  [
    'a member left out',
    (node, random) =>
      node.kind === 'object' && node.members.length > 0
        ? { ...node, members: node.members.toSpliced(random.below(node.members.length), 1) }
        : undefined,
  ],
  [
    'a member twice',
    (node, random) => {
      if (node.kind !== 'object' || node.members.length === 0) return undefined
      const again = random.pick(node.members)
      return { ...node, members: node.members.toSpliced(random.below(node.members.length + 1), 0, again) }
    },
  ],
  [
    'a member more',
    (node, random) =>
      node.kind === 'object'
        ? {
            ...node,
            members: node.members.toSpliced(random.below(node.members.length + 1), 0, [
              random.pick(names),
              { kind: 'raw', text: random.pick(others) },
            ]),
          }
        : undefined,
  ],
  [
    'a member renamed',
    (node, random) => {
      if (node.kind !== 'object' || node.members.length === 0) return undefined
      const at = random.below(node.members.length)
      const [, value] = node.members[at] as [string, Node]
      return { ...node, members: node.members.with(at, [random.pick(names), value]) }
    },
  ],
  [
    'members in another order',
    (node) =>
      node.kind === 'object' && node.members.length > 1 ? { ...node, members: node.members.toReversed() } : undefined,
  ],
  [
    'an element left out',
    (node, random) =>
      node.kind === 'array' && node.elements.length > 0
        ? { ...node, elements: node.elements.toSpliced(random.below(node.elements.length), 1) }
        : undefined,
  ],
  [
    'an element twice',
    (node, random) =>
      node.kind === 'array' && node.elements.length > 0
        ? {
            ...node,
            elements: node.elements.toSpliced(random.below(node.elements.length), 0, random.pick(node.elements)),
          }
        : undefined,
  ],
  [
    'elements in another order',
    (node) =>
      node.kind === 'array' && node.elements.length > 1 ? { ...node, elements: node.elements.toReversed() } : undefined,
  ],
  [
    'white space',
    (node, random) => ({
      kind: 'raw',
      text: random.pick([` ${textOf(node)}`, `${textOf(node)} `, `\n${textOf(node)}`]),
    }),
  ],
]

/** The text with one change, and what was done; undefined where the text is no JSON to begin with. */
export function mutatedJson(
  text: string,
  random: Random,
): { readonly text: string; readonly what: string } | undefined {
  let root: Node
  try {
    root = nodeOf(JSON.parse(text))
  } catch {
    return undefined
  }
  for (let tries = 0; tries < 100; tries++) {
    const found: [Node, (other: Node) => void][] = []
    places(root, (other) => (root = other), found)
    const [node, replace] = random.pick(found)
    const [what, act] = random.pick(acts)
    const other = act(node, random)
    if (other === undefined || textOf(other) === textOf(node)) continue
    replace(other)
    return { text: textOf(root), what }
  }
  return undefined
}
