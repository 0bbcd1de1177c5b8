type Handlers = Readonly<Partial<Record<keyof HTMLElementEventMap, (event: Event) => void>>>

/** Values of attributes; `undefined` and `false` leave one out, `true` sets it empty. Handlers of events are added by `on`. */
export interface Attributes {
  readonly on?: Handlers
  readonly [name: string]: string | number | boolean | undefined | Handlers
}

type Child = Node | string | undefined

/** Makes an element. Texts become text nodes: nothing of what is shown is ever read as markup. */
export function el<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  return filled(document.createElement(name), attributes, children)
}

/** Makes an element of SVG. */
export function svg(name: string, attributes: Attributes = {}, ...children: readonly Child[]): SVGElement {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children)
}

function filled<E extends Element>(element: E, { on = {}, ...attributes }: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || typeof value === 'object') continue
    element.setAttribute(name, value === true ? '' : String(value))
  }
  for (const [name, handler] of Object.entries(on)) element.addEventListener(name, handler as EventListener)
  for (const child of children) if (child !== undefined) element.append(child)
  return element
}

/** Puts other children into an element. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...children.filter((child): child is Node | string => child !== undefined))
}

/** A button with a text. */
export function button(text: string, press: () => void, attributes: Attributes = {}): HTMLButtonElement {
  return el('button', { type: 'button', ...attributes, on: { click: press } }, text)
}
