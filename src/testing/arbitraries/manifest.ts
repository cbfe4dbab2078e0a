/** What arbitraries draw: objects as a user would apply them, without what the apiserver and the components fill in. */
import type { KubeObject, ObjectMeta } from '../../apiserver/types/index.ts'

export type Manifest<T extends KubeObject> = Omit<T, 'metadata' | 'status'> & {
  readonly metadata: Pick<ObjectMeta, 'name' | 'namespace' | 'labels' | 'annotations'>
}
