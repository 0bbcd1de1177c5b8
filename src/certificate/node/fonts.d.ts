/** The font's bytes, as it is shipped. Throws `file-unreadable`. */
export declare function fontBytes(): Uint8Array
/** The font with the characters of a text alone, as far as it has them; TrueType. Throws as {@link fontBytes}. */
export declare function fontFor(text: string): Promise<Uint8Array>
