// The steady part of a process that works through entries.

/**
 * A sample of the entries between the first progress point at `from` or later and the last point: entries a second, and processor time an entry in
 * microseconds. Points are `{done, at, cpu}`, seconds since the start. Throws where there are not two.
 */
export function steadyOf(points, from) {
  const first = points.find(({ done }) => done >= from)
  const last = points.at(-1)
  if (first === undefined || last.done <= first.done)
    throw new Error(`the process told no progress beyond entry ${from}: it has no steady part`)
  const entries = last.done - first.done
  return { value: entries / (last.at - first.at), cpuPerEntry: ((last.cpu - first.cpu) / entries) * 1e6 }
}
