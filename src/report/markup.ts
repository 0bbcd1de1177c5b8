import { markupText } from '../core/markup.ts'

/** Markup that is known to be well-formed: made by {@link el} and {@link Markup.style} alone. */
export class Markup {
  readonly source: string
  private constructor(source: string) {
    this.source = source
  }

  /** An element with its attributes, of which those that are undefined are left out, and what stands in it; texts are escaped. */
  static element(
    name: Name,
    attributes: Readonly<Record<string, string | undefined>>,
    children: readonly (Markup | string)[],
  ): Markup {
    const given = Object.entries(attributes)
      .filter((pair): pair is [string, string] => pair[1] !== undefined)
      .map(([attribute, value]) => ` ${attribute}="${markupText(value)}"`)
      .join('')
    const inside = children.map((child) => (typeof child === 'string' ? markupText(child) : child.source)).join('')
    return new Markup(isVoid.has(name) ? `<${name}${given}/>` : `<${name}${given}>${inside}</${name}>`)
  }

  /** The style sheet, as it stands: no text from outside comes near it. Throws where it could end its own element. */
  static style(css: string): Markup {
    if (/[<&]|\]\]>/.test(css)) throw new Error('a style sheet that could be read as markup')
    return new Markup(`<style>${css}</style>`)
  }
}

/** The elements that a report may hold: none loads or runs anything. */
type Name =
  | 'html'
  | 'head'
  | 'meta'
  | 'title'
  | 'body'
  | 'main'
  | 'header'
  | 'section'
  | 'nav'
  | 'h1'
  | 'h2'
  | 'h3'
  | 'p'
  | 'ol'
  | 'ul'
  | 'li'
  | 'dl'
  | 'dt'
  | 'dd'
  | 'div'
  | 'table'
  | 'thead'
  | 'tbody'
  | 'tr'
  | 'th'
  | 'td'
  | 'span'
  | 'bdi'
  | 'code'
  | 'pre'
  | 'strong'
  | 'a'

const isVoid: ReadonlySet<string> = new Set(['meta'])

/** An element. */
export function el(
  name: Name,
  attributes: Readonly<Record<string, string | undefined>>,
  ...children: readonly (Markup | string)[]
): Markup {
  return Markup.element(name, attributes, children)
}
