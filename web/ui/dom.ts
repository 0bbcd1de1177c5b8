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

function filled<E extends Element>(element: E, { on = {}, ...attributes }: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || typeof value === 'object') continue
    element.setAttribute(name, value === true ? '' : String(value))
  }
  for (const [name, handler] of Object.entries(on)) element.addEventListener(name, handler as EventListener)
  for (const child of children) if (child !== undefined) element.append(child)
  return element
}

/**
 * Puts other children into an element. Where the focus was within it, what takes its place has it: the new element of the same `id`, else that
 * which is marked by `data-focus`, else the element itself. Who uses a keyboard or a screen reader is never thrown back to the top of the page.
 */
export function fill(element: HTMLElement, ...children: readonly Child[]): void {
  const had = document.activeElement
  const isWithin = had !== null && had !== element && element.contains(had)
  element.replaceChildren(...children.filter((child): child is Node | string => child !== undefined))
  if (!isWithin || document.activeElement === had) return
  const same = had.id === '' ? null : element.querySelector<HTMLElement>(`#${CSS.escape(had.id)}`)
  focusOn(same ?? element.querySelector<HTMLElement>('[data-focus]') ?? element)
}

/** Gives an element the focus, also one that Tab does not come to. */
export function focusOn(element: HTMLElement): void {
  if (element.tabIndex < 0) element.tabIndex = -1
  element.focus()
}

/** A button with a text. */
export function button(text: string, press: () => void, attributes: Attributes = {}): HTMLButtonElement {
  return el('button', { type: 'button', ...attributes, on: { click: press } }, text)
}
