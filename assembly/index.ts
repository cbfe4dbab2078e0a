// The engine's exported surface: verbs on kernel objects, named <noun>_<verb>, and run().

export function abi_version(): i32 {
  return 1
}
