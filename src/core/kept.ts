/** As many elements as have room, in their order: those of the lowest places stay, and of one place the last. */
export function keptOf<T>(list: readonly T[], most: number, place: (element: T) => number): readonly T[] {
  if (list.length <= most) return list
  const kept = new Set(
    [...list.keys()].sort((a, b) => place(list[a] as T) - place(list[b] as T) || b - a).slice(0, most),
  )
  return list.filter((_, at) => kept.has(at))
}
