/** An element as it was parsed, or a text. */
export interface Parsed {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: (Parsed | string)[]
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'" }

function decoded(text: string): string {
  if (/&(?!(?:lt|gt|amp|quot|#39);)/.test(text)) throw new Error(`an ampersand that is no entity: ${text}`)
  if (/[<>]/.test(text)) throw new Error(`a bracket in a text: ${text}`)
  return text.replace(/&([^;]+);/g, (_all, name: string) => entities[name] as string)
}

/**
 * Parses a document as strictly as XML asks: every element closed in its order, every attribute quoted and once, five entities. Throws for
 * anything else. Gives the root.
 */
export function requireWellFormed(html: string): Parsed {
  const body = html.replace(/^<!DOCTYPE html>\n/, '').replace(/\n<!-- [^<>]*? -->\n$/, '')
  const root: Parsed = { name: '', attributes: {}, children: [] }
  const open: Parsed[] = [root]
  for (const [piece] of body.matchAll(/<[^>]*>|[^<]+/g)) {
    const inside = open.at(-1) as Parsed
    if (!piece.startsWith('<')) {
      inside.children.push(inside.name === 'style' ? piece : decoded(piece))
      continue
    }
    const end = /^<\/(\w+)>$/.exec(piece)
    if (end !== null) {
      if (open.pop()?.name !== end[1]) throw new Error(`${piece} ends what is not open`)
      continue
    }
    const begin = /^<(\w+)((?: [\w-]+="[^"<]*")*)(\/?)>$/.exec(piece)
    if (begin === null) throw new Error(`no tag: ${piece}`)
    const [, name = '', given = '', isEmpty] = begin
    const pairs = [...given.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(([, key, value]) => [key, decoded(value as string)])
    if (new Set(pairs.map(([key]) => key)).size !== pairs.length) throw new Error(`an attribute twice: ${piece}`)
    const element: Parsed = { name, attributes: Object.fromEntries(pairs) as Record<string, string>, children: [] }
    inside.children.push(element)
    if (isEmpty !== '/') open.push(element)
  }
  if (open.length !== 1 || root.children.length !== 1) throw new Error('not one closed element')
  return root.children[0] as Parsed
}

/** All text of an element but its style, as a reader sees it. */
export function textIn({ name, children }: Parsed): string {
  if (name === 'style') return ''
  return children.map((child) => (typeof child === 'string' ? child : textIn(child))).join('')
}
