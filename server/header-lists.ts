/*
 * Headers that are lists of what somebody takes or wants (RFC 9110, section 5.6.1), as far as this server asks for them: by whole names, and by whether a name
 * is refused by a weight of zero.
 */

type Header = string | readonly string[] | undefined

/** The parts of a list, each its name in lower case and its parameters. */
function partsOf(header: Header): { readonly name: string; readonly parameters: readonly string[] }[] {
  const text = typeof header === 'string' ? header : (header ?? []).join(',')
  return text.split(',').map((part) => {
    const [name = '', ...parameters] = part.split(';').map((word) => word.trim().toLowerCase())
    return { name, parameters }
  })
}

/** Whether a header that lists what is taken, as `Accept` does, has a name, with a weight above zero. */
export function takes(header: Header, wanted: string): boolean {
  return partsOf(header).some(
    ({ name, parameters }) => name === wanted && !parameters.some((one) => /^q=0(?:\.0{0,3})?$/.test(one)),
  )
}

/** Whether a header that lists what is wanted, as `Prefer` does (RFC 7240), has a preference. */
export function wants(header: Header, preference: string): boolean {
  return partsOf(header).some(({ name }) => {
    const words = name.split('=').map((word) => word.trim())
    return words.join('=').replaceAll('"', '') === preference
  })
}
