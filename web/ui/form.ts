/** A text of a form by its field's name, without the spaces around it; empty where there is none. */
export function textIn(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

/** The fields of a form that are filled in, in the order of their names, as they stand in an address. */
export function filledIn<Name extends string>(
  event: Event,
  names: readonly Name[],
  plain: (name: Name, text: string) => string = (_, text) => text,
): URLSearchParams {
  event.preventDefault()
  const form = new FormData(event.target as HTMLFormElement)
  const filled = names.map((name) => [name, plain(name, textIn(form, name))] as [string, string])
  return new URLSearchParams(filled.filter(([, text]) => text !== ''))
}

/** What an address asks for by these names; what is longer than `most` characters is cut, and finds nothing. */
export function askedIn<Name extends string>(
  query: URLSearchParams,
  names: readonly Name[],
  most: number,
): Partial<Record<Name, string>> {
  const given = names.map((name) => [name, query.get(name)?.trim().slice(0, most) ?? ''] as const)
  return Object.fromEntries(given.filter(([, text]) => text !== '')) as Partial<Record<Name, string>>
}

/** The entry after which an address asks for a list to go on, as a query has it; empty from the beginning. */
export function afterIn(query: URLSearchParams): { readonly after?: string } {
  const after = query.get('after') ?? ''
  return /^[0-9]{1,15}$/.test(after) ? { after } : {}
}
