/** Members that may be undefined, as optional ones. */
type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> }

/** The members that are not undefined: `{ ...defined({ a, b }) }` has no member for what is not there. */
export function defined<T extends object>(members: T): Defined<T> {
  const out: Defined<T> = {}
  for (const name of Object.keys(members) as (keyof T)[]) {
    const value = members[name]
    if (value !== undefined) out[name] = value as Exclude<T[keyof T], undefined>
  }
  return out
}
