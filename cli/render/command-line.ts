/**
 * A command as it can be typed into a shell: words that need it are quoted, and what is undefined or empty is left out. An option
 * is a pair of its name and its value; without a value the option is left out.
 */
export function commandLine(
  ...parts: readonly (string | readonly [option: string, value: string | undefined])[]
): string {
  return parts
    .flatMap((part) => (typeof part === 'string' ? [part] : part[1] === undefined ? [] : [part[0], part[1]]))
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ')
}

/** A thumbprint in groups of four, to be read aloud and compared. */
export function inGroups(thumbprint: string): string {
  return (thumbprint.match(/.{1,4}/g) ?? []).join(' ')
}
