const letters: Readonly<Record<string, string>> = {
  a: 'á',
  e: 'é',
  i: 'í',
  o: 'ó',
  u: 'ú',
  c: 'ç',
  n: 'ñ',
  s: 'š',
  t: 'ţ',
}

/**
 * A catalogue in the pseudo-locale: every text in brackets, a third longer, with accents, so that a text that is not in a catalogue, is cut or
 * is put together of pieces shows. Functions give marked texts of unmarked arguments.
 */
export function pseudo<T>(catalogue: T): T {
  if (typeof catalogue === 'string') return marked(catalogue) as T
  if (typeof catalogue === 'function')
    return ((...parts: readonly unknown[]) =>
      marked(String((catalogue as (...given: readonly unknown[]) => unknown)(...parts)))) as T
  const entries = Object.entries(catalogue as object).map(([name, value]) => [name, pseudo(value as unknown)] as const)
  return Object.fromEntries(entries) as T
}

function marked(text: string): string {
  const accented = Array.from(text)
    .map((letter) => letters[letter] ?? letter)
    .join('')
  return `[${accented}${'~'.repeat(Math.ceil(text.length / 3))}]`
}
