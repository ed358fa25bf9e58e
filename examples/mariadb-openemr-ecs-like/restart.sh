#!/bin/sh
# Put here what replaces your containers and waits until they are up, such as
#   aws ecs update-service --cluster openemr --service openemr --force-new-deployment > /dev/null
#   exec aws ecs wait services-stable --cluster openemr --services openemr
# Its region comes from AWS_REGION, which cuedot.yaml passes on.
date >> restarts.log
