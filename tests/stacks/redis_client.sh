#!/bin/sh
# redis_client.sh SOCKET: makes a redis server map and unmap memory, then ends it.
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	redis-cli -s "$1" ping >/dev/null 2>&1 && break
	sleep 0.5
done
redis-cli -s "$1" debug populate 30000
for megabytes in 3 5 8 13 21 34 55; do
	redis-cli -s "$1" eval "return #string.rep('x', ${megabytes}000000)" 0
done
redis-cli -s "$1" flushall
redis-cli -s "$1" shutdown nosave
