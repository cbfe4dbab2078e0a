# Run by `unshare --mount --net`: an empty /run/netns, and a PATH in which `iptables` is iptables-legacy.
set -e
mount --make-rprivate /
mkdir -p /run/netns
mount -t tmpfs tmpfs /run/netns
mkdir /run/netns/.bin
legacy=$(command -v xtables-legacy-multi || readlink -f "$(command -v iptables-legacy)")
for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
  ln -s "$legacy" /run/netns/.bin/$name
done
PATH=/run/netns/.bin:$PATH exec python3 -I -S "$(dirname "$0")/agent.py"
