/** XT_CONTINUE (include/uapi/linux/netfilter/x_tables.h): the target has no verdict, the next rule is looked at. */
export const XT_CONTINUE: i32 = -1
