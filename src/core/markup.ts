const entities: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&#39;',
}

/** A text as it stands in HTML and XML alike, in an element or in a quoted attribute; what XML has no character for becomes U+FFFD. */
export function markupText(text: string): string {
  return text
    .replace(/(?![\t\n])[\p{Cc}\ufffe\uffff\p{Cs}]/gu, '\ufffd')
    .replace(/[<>&"']/g, (character) => entities[character] as string)
}
