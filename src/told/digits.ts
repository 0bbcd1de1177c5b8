/** Two digits. */
export function pad2(n: number): string {
  return String(n).padStart(2, '0')
}

/** Text in groups, to be read and compared: `0123456789abcdef` as `01234567 89abcdef`. */
export function inGroups(text: string, width = 8): string {
  return (text.match(new RegExp(`.{1,${width}}`, 'gu')) ?? []).join(' ')
}
