//! EC2: what only it knows of a node, its instance profile and its metadata options.

mod answer;
mod query;

use answer::{Described, Page};
pub(super) use query::EC2;
use query::{Parameters, ask};

use super::{failure::Call, pace::Service, session::Session};
use crate::domain::{
    fact::Fact,
    failure::Failure,
    id::InstanceId,
    node::{Instance, VpcEndpoint},
};

/// Values of one filter.
const BATCH: usize = 200;

impl Session {
    /// DescribeInstances for these ids, in batches; `Absent` for an id that EC2 does not know.
    /// Asked by filter: one unknown id would fail a whole batch asked by id.
    ///
    /// # Errors
    /// `Denied` without `ec2:DescribeInstances`, and the failures of every call.
    pub async fn instances(&self, ids: &[InstanceId]) -> Result<Vec<(InstanceId, Fact<Instance>)>, Failure> {
        let mut answers = Vec::with_capacity(ids.len());
        for batch in ids.chunks(BATCH) {
            let found = self.batch(batch).await?;
            answers.extend(batch.iter().map(|id| {
                let instance = found.iter().find(|instance| instance.id == *id);
                (id.clone(), instance.cloned().map_or(Fact::Absent, Fact::Known))
            }));
        }
        Ok(answers)
    }

    /// DescribeVpcEndpoints of one VPC, all pages.
    ///
    /// # Errors
    /// `Denied` without `ec2:DescribeVpcEndpoints`, and the failures of every call.
    pub async fn vpc_endpoints(&self, vpc: &str) -> Result<Vec<VpcEndpoint>, Failure> {
        let call = Call::new(Service::Ec2, "ec2:DescribeVpcEndpoints", "*", "cannot read the endpoints of the VPC");
        let pages: Vec<answer::Endpoints> = self.pages("DescribeVpcEndpoints", &call, filter("vpc-id", [vpc])).await?;
        Ok(pages.into_iter().flat_map(Described::entries).filter_map(answer::Endpoint::known).collect())
    }

    async fn batch(&self, ids: &[InstanceId]) -> Result<Vec<Instance>, Failure> {
        let call = Call::new(Service::Ec2, "ec2:DescribeInstances", "*", "cannot read the instances of the nodes");
        let wanted = filter("instance-id", ids.iter().map(InstanceId::as_str));
        let pages: Vec<answer::Reservations> = self.pages("DescribeInstances", &call, wanted).await?;
        Ok(pages.into_iter().flat_map(Described::entries).filter_map(answer::Instance::known).collect())
    }

    /// All pages of an action. A token that comes back as it was sent would never end.
    async fn pages<T: Page>(
        &self,
        action: &'static str,
        call: &Call,
        parameters: Parameters,
    ) -> Result<Vec<T>, Failure> {
        let mut pages: Vec<T> = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let next = token.clone().map(|token| ("NextToken".to_owned(), token));
            let asked = parameters.iter().cloned().chain(next).collect();
            let page: T = self.perform(call, ask(&self.ec2, action, asked)).await?;
            let next = page.next_token().filter(|next| !next.is_empty()).map(str::to_owned);
            pages.push(page);
            if next.is_none() || next == token {
                return Ok(pages);
            }
            token = next;
        }
    }
}

/// One filter of a request.
fn filter<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Parameters {
    let numbered = (1..).zip(values).map(|(number, value)| (format!("Filter.1.Value.{number}"), value.to_owned()));
    std::iter::once(("Filter.1.Name".to_owned(), name.to_owned())).chain(numbered).collect()
}
